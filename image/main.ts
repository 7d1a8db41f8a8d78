// script/image: builds the appliance image and tries it in a virtual machine.

import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { checkAll, checkShort, PARTS, type Part, SHORT_PARTS } from "./check/check.ts";
import { buildImage, type Edition, PROFILES } from "./tool/build-image.ts";
import { inputsHash, isTried, noteTried } from "./tool/inputs.ts";
import { MirrorError } from "./tool/mirrors.ts";
import { RunError } from "./tool/run.ts";
import { KEY_VARIABLE, KeyError, signingKey } from "./tool/signing-key.ts";
import { toolsRoot } from "./tool/tools-root.ts";

const HELP = `Usage: script/image [build|check|short|tried|clean] [options]

  build        makes the products of the editions named (base and kiosk)
  check        builds what it needs and tries everything in a virtual machine
  short        one start, stick and power cut of it: after every change of the image
  tried        ends with 0 where short or check has found this very state of image/, script/image and bun.lock good
  clean        forgets everything that was built, downloads included

  --edition E  ${Object.keys(PROFILES).join(" | ")}; may be given again
  --version V  version of the products (package.json's)
  --part P     of check: only ${PARTS.join(", ")}; may be given again
  --reuse yes  of check: takes products that are there instead of building them
  --key FILE   Ed25519 key (PKCS#8 PEM) that update sets are signed with; also ${KEY_VARIABLE}

Everything is made below build/image.
`;

const projectFolder = join(import.meta.dir, "..");
const workFolder = join(projectFolder, "build/image");

interface Arguments {
  readonly command: string;
  readonly editions: readonly Edition[];
  readonly version: string;
  readonly keyFile: string | null;
  readonly parts: readonly Part[];
  readonly reuse: boolean;
}

function argumentsOf(words: readonly string[]): Arguments {
  const [command = "build", ...rest] = words;
  const editions: Edition[] = [];
  const { version: own } = JSON.parse(
    readFileSync(join(projectFolder, "package.json"), "utf8"),
  ) as { version: string };
  let version = own;
  let keyFile = process.env[KEY_VARIABLE] ?? null;
  const parts: Part[] = [];
  let reuse = false;
  for (let i = 0; i < rest.length; i += 2) {
    const [word = "", value] = rest.slice(i, i + 2);
    if (value === undefined) fail(`${word} needs a value`);
    if (word === "--edition" && value in PROFILES) editions.push(value as Edition);
    else if (word === "--version" && /^\d+\.\d+\.\d+$/.test(value)) version = value;
    else if (word === "--part" && isPart(value)) parts.push(value);
    else if (word === "--reuse" && value === "yes") reuse = true;
    else if (word === "--key") keyFile = value;
    else fail(`${word} ${value} is not understood; --help lists what is`);
  }
  return {
    command,
    editions: editions.length === 0 ? ["base", "kiosk"] : editions,
    parts: parts.length === 0 ? PARTS : parts,
    ...{ version, keyFile, reuse },
  };
}

function isPart(word: string): word is Part {
  return PARTS.some((part) => part === word);
}

function fail(message: string): never {
  process.stderr.write(`image: ${message}\n`);
  process.exit(2);
}

async function main(): Promise<void> {
  const { command, editions, version, keyFile, parts, reuse } = argumentsOf(process.argv.slice(2));
  if (command === "clean") {
    rmSync(workFolder, { recursive: true, force: true });
    return;
  }
  if (command === "tried") process.exit(isTried(projectFolder) ? 0 : 1);
  if (!["build", "check", "short"].includes(command)) {
    process.stdout.write(HELP);
    process.exit(command.includes("help") ? 0 : 2);
  }
  mkdirSync(workFolder, { recursive: true });
  const root = await toolsRoot(workFolder);
  const key = signingKey(keyFile, workFolder);
  if (command !== "build") {
    const bench = { projectFolder, workFolder, toolsRoot: root, version, key, reuse };
    const hash = inputsHash(projectFolder);
    const good = command === "short" ? await checkShort(bench) : await checkAll(bench, parts);
    const hasTried = command === "short" || SHORT_PARTS.every((part) => parts.includes(part));
    if (good && hasTried) noteTried(projectFolder, hash);
    process.exit(good ? 0 : 1);
  }
  for (const edition of editions) {
    const products = await buildImage({
      ...{ projectFolder, workFolder, toolsRoot: root, edition, version, key },
    });
    const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
    process.stdout.write(
      `image: ${edition} ${version} in ${(products.tookMs / 1000).toFixed(0)} s: root ${mb(products.sizes.root)}, kernel ${mb(products.sizes.kernel)}, disk ${mb(products.sizes.disk)}\nimage: ${products.folder}\n`,
    );
  }
}

await main().catch((error: unknown) => {
  if (error instanceof RunError || error instanceof MirrorError || error instanceof KeyError)
    fail(error.message);
  throw error;
});
