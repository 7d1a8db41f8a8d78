// Settings from a stick and to one. What a stick would change is shown first; it comes into force only if stick
// and settings are still those that were shown, and its certificates and keys are kept before it does.

import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import {
  type Configuration,
  type ConfigurationProblem,
  parseConfiguration,
  type Remote,
} from "../../config/configuration.ts";
import { remoteOf } from "../../config/edits.ts";
import { keyFilesOf } from "../../config/key-files.ts";
import {
  atThisDevice,
  changesBetween,
  namedKeyFiles,
  problemWords,
  type SettingsChange,
  withFileNames,
} from "../../config/settings-document.ts";
import type { Log } from "../../core/log.ts";
import type { Drives, OpenDrive } from "../../hal/media/media.ts";
import type {
  KeyFile,
  PlacedKeyFile,
  SettingsAnswer,
  SettingsTask,
} from "../../model/settings-set.ts";
import { placeOfJsonError } from "../../store/config-file.ts";
import type { ConfigurationHolder } from "../configuration-holder.ts";
import { belongTogether, keyFileFault } from "./key-file-check.ts";

/** In the data folder; below it one folder for each content. */
export const CERTIFICATES = "certificates";
const CONTENT_DIGITS = 16;
/** A name that a backup takes along too. */
const FILE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;
const CHANGED_MEANWHILE =
  "The stick, or the settings of the device, are not those that were shown. Nothing was changed; look at them again.";

export interface StickSettingsParts {
  readonly dataFolder: string;
  /** Absolute path of a file named in the configuration. */
  readonly resolve: (path: string) => string;
  readonly thread: { run(task: SettingsTask): Promise<SettingsAnswer> };
  readonly drives: Pick<Drives, "open">;
  readonly holder: ConfigurationHolder;
  readonly log: Log;
  /** Who uses a stick now, as a sentence with what to do; null: nobody. */
  readonly useWords: (device: string) => string | null;
  /** What goes without when a remote becomes `after` (null: is removed), a sentence each. */
  readonly useOfRemote: (before: Remote, after: Remote | null) => readonly string[];
}

export interface SettingsRefusal {
  readonly code: "in-use" | "unknown-reference" | "invalid-field" | "wrong-state" | "device-fault";
  readonly detail: string;
  readonly errors?: readonly ConfigurationProblem[] | undefined;
}

export type SettingsOutcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: SettingsRefusal };

/** What a stick's settings would do. */
export interface SettingsPreview {
  readonly changes: readonly SettingsChange[];
  /** Names of the certificates and keys that come with them. */
  readonly files: readonly string[];
  /** What somebody should know before, as sentences: remotes that are still needed. */
  readonly warnings: readonly string[];
  /** Stands for stick and settings as they were looked at. */
  readonly ticket: string;
}

interface Prepared extends SettingsPreview {
  readonly before: Configuration;
  readonly next: Configuration;
  readonly placed: readonly PlacedKeyFile[];
}

const done = <T>(value: T): SettingsOutcome<T> => ({ ok: true, value });
const refused = (
  code: SettingsRefusal["code"],
  detail: string,
  errors?: readonly ConfigurationProblem[],
): { readonly ok: false; readonly refusal: SettingsRefusal } => ({
  ok: false,
  refusal: { code, detail, errors },
});
const invalid = (problems: readonly ConfigurationProblem[]) =>
  refused(
    "invalid-field",
    `config.json on the stick cannot be used; nothing was changed. ${problemWords(problems)}.`,
    problems,
  );

export class StickSettings {
  readonly #parts: StickSettingsParts;
  #medium: string | null = null;

  constructor(parts: StickSettingsParts) {
    this.#parts = parts;
  }

  /** Why this stick must stay where it is, in words; null: it need not. */
  useWords(device: string): string | null {
    return this.#medium === device ? "Settings are read from it or written to it. Wait." : null;
  }

  /** Why no backup may begin, in words; null: nothing is under way. */
  busyWords(): string | null {
    return this.#medium === null
      ? null
      : "Settings are read from a stick or written to it. Wait until it is done.";
  }

  /** What the settings on a stick would change; changes nothing. */
  preview(device: string): Promise<SettingsOutcome<SettingsPreview>> {
    return this.#with(device, async ({ root }) => {
      const prepared = await this.#prepare(root);
      if (!prepared.ok) return prepared;
      const { changes, files, warnings, ticket } = prepared.value;
      return done({ changes, files, warnings, ticket });
    });
  }

  /** Brings the settings of a stick into force, if they do what was shown. */
  apply(device: string, ticket: string): Promise<SettingsOutcome<readonly SettingsChange[]>> {
    return this.#with(device, async ({ root }) => {
      const prepared = await this.#prepare(root);
      if (!prepared.ok) return prepared;
      if (prepared.value.ticket !== ticket) return refused("wrong-state", CHANGED_MEANWHILE);
      return this.#bring(prepared.value);
    });
  }

  /** Writes the settings in force to a stick and lets it go. @returns what the operator may do now */
  write(device: string): Promise<SettingsOutcome<string>> {
    return this.#with(device, async (drive) => {
      const { thread, holder, log } = this.#parts;
      const text = this.#documentOf(holder.current());
      const answer = await thread.run({ type: "write-settings", root: drive.root, text });
      if (answer.type !== "settings-written") return unread(answer);
      log.info("settings-written", { what: "stick" });
      const released = await drive
        .release()
        .catch(() => "Remove the stick safely before you pull it out.");
      return done(
        `The settings are in udr-settings on the stick and were read back; the service PIN, certificates and keys are not. ${released}`.trim(),
      );
    });
  }

  async #with<T>(
    device: string,
    work: (drive: OpenDrive) => Promise<SettingsOutcome<T>>,
  ): Promise<SettingsOutcome<T>> {
    const hindrance = this.busyWords() ?? this.#parts.useWords(device);
    if (hindrance !== null) return refused("in-use", hindrance);
    this.#medium = device;
    try {
      const opened = await this.#parts.drives.open(device);
      if (opened.kind === "refused") return refused("unknown-reference", opened.reason);
      return await work(opened.drive);
    } finally {
      this.#medium = null;
    }
  }

  async #prepare(root: string): Promise<SettingsOutcome<Prepared>> {
    const { thread, holder } = this.#parts;
    const read = await thread.run({ type: "read-settings", root });
    if (read.type !== "settings-read") return unread(read);
    const before = holder.current();
    let document: unknown;
    try {
      document = JSON.parse(read.text);
    } catch {
      const where = placeOfJsonError(read.text);
      return refused(
        "invalid-field",
        `config.json on the stick is not valid JSON${where}. Mend it on a computer; nothing was changed.`,
      );
    }
    const parsed = parseConfiguration(atThisDevice(document, before));
    if (!parsed.ok) return invalid(parsed.problems);
    const files = this.#filesOf(parsed.configuration, read.files, before);
    if (files.problems.length > 0) return invalid(files.problems);
    const next = withFileNames(parsed.configuration, (file) => files.paths.get(file) ?? file);
    const placed = [...files.placed.values()];
    return done({
      before,
      next,
      placed,
      changes: changesBetween(before, next),
      files: placed.map(({ path }) => basename(path)),
      warnings: before.remotes.flatMap((remote) =>
        this.#parts.useOfRemote(remote, remoteOf(next, remote.id) ?? null),
      ),
      ticket: digestOf(JSON.stringify([before, next, placed])),
    });
  }

  /** Where each file that the configuration names is, or will be. */
  #filesOf(configuration: Configuration, brought: readonly KeyFile[], before: Configuration) {
    const problems: ConfigurationProblem[] = [];
    const paths = new Map<string, string>();
    const placed = new Map<string, PlacedKeyFile>();
    const onStick = (file: string) =>
      brought.find(({ name }) => name.toLowerCase() === file.toLowerCase());
    const here = keyFilesOf(before);
    const named = namedKeyFiles(configuration);
    for (const { key, role, file } of named) {
      const found = onStick(file);
      const problem = (message: string) => problems.push({ path: key, message });
      if (found === undefined) {
        const known = here.filter((path) => path === file || basename(path) === file);
        const [path] = known;
        if (path !== undefined && known.length === 1) paths.set(file, path);
        else
          problem(
            `names the file ${file}, which is not beside config.json on the stick. Put it there (its name ends with .pem)`,
          );
        continue;
      }
      if (!FILE_NAME.test(found.name)) {
        problem(`names the file ${file}: use letters, digits, dots, - and _ in its name`);
        continue;
      }
      const fault = keyFileFault(role, found.text);
      if (fault !== null) {
        problem(`names the file ${file}, which ${fault}`);
        continue;
      }
      const path = join(CERTIFICATES, digestOf(found.text).slice(0, CONTENT_DIGITS), found.name);
      paths.set(file, this.#parts.resolve(join(this.#parts.dataFolder, path)));
      placed.set(path, { path, text: found.text });
    }
    if (problems.length === 0)
      for (const { key, file } of named.filter(({ role }) => role === "key")) {
        const certificateKey = key.replace(/key(File)?$/, "cert$1");
        const certificate = named.find((other) => other.key === certificateKey);
        const [c, k] = [onStick(certificate?.file ?? ""), onStick(file)];
        if (c !== undefined && k !== undefined && !belongTogether(c.text, k.text))
          problems.push({ path: key, message: `${k.name} is not the key of ${c.name}` });
      }
    return { problems, paths, placed };
  }

  async #bring({ before, next, placed, changes }: Prepared) {
    const { thread, holder, log, dataFolder } = this.#parts;
    const kept = await thread.run({ type: "keep-key-files", dataFolder, files: placed });
    if (kept.type !== "key-files-kept") return unread(kept);
    const outcome = await holder.change<null>((current) =>
      current === before
        ? { kind: "document", document: next }
        : { kind: "refused", refusal: null },
    );
    if (outcome.kind === "applied") {
      log.warn("settings-from-stick", { what: changes.map(({ key }) => key).join(" ") });
      return done(changes);
    }
    await thread.run({ type: "drop-key-files", dataFolder, paths: kept.added });
    switch (outcome.kind) {
      case "refused":
        return refused("wrong-state", CHANGED_MEANWHILE);
      case "invalid":
        return invalid(outcome.problems);
      case "failed":
        return refused("device-fault", `Nothing was changed: ${outcome.reason}.`);
      default:
        return outcome satisfies never;
    }
  }

  /** Fit for any device: files by their bare names, no PIN. */
  #documentOf(configuration: Configuration): string {
    const { dataFolder, resolve } = this.#parts;
    const own = `${resolve(join(dataFolder, CERTIFICATES))}/`;
    const named = withFileNames(configuration, (file) =>
      resolve(file).startsWith(own) ? basename(file) : file,
    );
    const { pin: _, ...http } = named.http;
    return `${JSON.stringify({ ...named, http }, null, 2)}\n`;
  }
}

function unread(answer: SettingsAnswer) {
  return refused(
    "unknown-reference",
    answer.type === "failed"
      ? answer.reason
      : "The thread for sticks lost its way, and nothing was changed. Try again.",
  );
}

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");
