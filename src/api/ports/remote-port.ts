// Adding, changing and removing remotes as the API does it: each change made to what the one before left.

import {
  parseConfiguration,
  type Remote,
  type Configuration as Settings,
} from "../../config/configuration.ts";
import {
  problemsOfRemote,
  remoteOf,
  withChangedRemote,
  withNewRemote,
  withoutRemote,
} from "../../config/edits.ts";
import { problemWords } from "../../config/settings-document.ts";
import type { Log } from "../../core/log.ts";
import {
  type ConfigurationHolder,
  document,
  type Edit,
  type EditOutcome,
} from "../../services/configuration-holder.ts";
import type { RemoteView } from "../contract.ts";
import type { RemotesPort } from "../device.ts";
import { type Answer, answer, type FieldError, type Refusal, refuse } from "../problem.ts";

/** What goes without when a remote becomes `after`; null: when it is removed. */
export type UseOfRemote = (before: Remote, after: Remote | null) => readonly string[];

export function remotePort(
  holder: ConfigurationHolder,
  useOf: UseOfRemote,
  log: Log,
): Omit<RemotesPort, "echo"> {
  return {
    async add(remote) {
      const { id } = remote;
      let index = -1;
      const outcome = await holder.change<Refusal>((current) => {
        index = current.remotes.length;
        if (remoteOf(current, id) === undefined) return document(withNewRemote(current, remote));
        const message = `"${id}" is used already; every remote needs an id of its own`;
        return refused("invalid-field", `Nothing was changed. id: ${message}.`, [
          { path: "id", message },
        ]);
      });
      if (outcome.kind === "applied") log.warn("remote-added", { remoteId: id });
      return remoteOrRefusal(outcome, id, index);
    },
    async change(id, change, force) {
      let index = -1;
      const outcome = await holder.change<Refusal>((current) => {
        const before = remoteOf(current, id);
        if (before === undefined) return unknownRemote(id);
        index = current.remotes.indexOf(before);
        const next = withChangedRemote(current, id, change);
        const parsed = parseConfiguration(next);
        const after = parsed.ok ? remoteOf(parsed.configuration, id) : undefined;
        // An invalid one is refused with its problems by the holder.
        const reasons = force || after === undefined ? [] : useOf(before, after);
        return reasons.length > 0 ? inUse(reasons) : document(next);
      });
      if (outcome.kind === "applied") log.warn("remote-changed", { remoteId: id });
      return remoteOrRefusal(outcome, id, index);
    },
    async remove(id, force) {
      const outcome = await holder.change<Refusal>((current) => {
        const before = remoteOf(current, id);
        if (before === undefined) return unknownRemote(id);
        const reasons = force ? [] : useOf(before, null);
        return reasons.length > 0 ? inUse(reasons) : document(withoutRemote(current, id));
      });
      if (outcome.kind === "applied") log.warn("remote-removed", { remoteId: id });
      return outcome.kind === "applied" ? answer(null) : refusalOf(outcome, -1);
    },
  };
}

function refused(
  code: Refusal["code"],
  detail: string,
  errors?: readonly FieldError[],
): Edit<Refusal> {
  return { kind: "refused", refusal: { code, detail, errors } };
}

const unknownRemote = (id: string) =>
  refused("not-found", `The configuration has no remote ${id}.`);

const inUse = (reasons: readonly string[]): Edit<Refusal> => ({
  kind: "refused",
  refusal: { code: "in-use", detail: `Nothing was changed. ${reasons.join(" ")}`, canForce: true },
});

function remoteOrRefusal(
  outcome: EditOutcome<Refusal>,
  id: string,
  index: number,
): Answer<RemoteView> {
  if (outcome.kind !== "applied") return refusalOf(outcome, index);
  return answer(viewOf(outcome.configuration, id));
}

function viewOf(configuration: Settings, id: string): RemoteView {
  return structuredClone(remoteOf(configuration, id)) as unknown as RemoteView;
}

function refusalOf(
  outcome: Exclude<EditOutcome<Refusal>, { kind: "applied" }>,
  index: number,
): Answer<never> {
  switch (outcome.kind) {
    case "refused":
      return { ok: false, refusal: outcome.refusal };
    case "invalid": {
      const problems = problemsOfRemote(outcome.problems, index);
      return refuse("invalid-field", `Nothing was changed. ${problemWords(problems)}.`, problems);
    }
    case "failed":
      return refuse("device-fault", `Nothing was changed: ${outcome.reason}.`);
    default:
      return outcome satisfies never;
  }
}
