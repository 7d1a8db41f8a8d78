// Names from input to other programs: they read back what was entered, or it was refused before.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memorySource } from "../../../src/core/byte-source.ts";
import type {
  OutputCharacterSet,
  Substitution,
} from "../../../src/dicom/data/charset/output-character-set.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { readObjectHeader } from "../../../src/dicom/io/object-header.ts";
import { buildCrImage } from "../../../src/dicom/iod/objects.ts";
import { patientInputFault } from "../../../src/dicom/iod/patient-input.ts";
import { personNameFault, personNameFaultText } from "../../../src/dicom/iod/person-name.ts";
import { hasOrthanc, type Orthanc, startOrthanc } from "../../peers/orthanc.ts";
import { exam, imageFacts, type Variant } from "./variants.ts";
import { isInstalled, objectBytes, run } from "./write-object.ts";

/** Entered, and what other programs read where it differs. */
const WRITABLE: readonly (readonly [string, string?])[] = [
  ["NASU^TARO"],
  ["YAMADA^TARO=山田^太郎=やまだ^たろう"],
  ["YAMADA^TARO=山田^太郎"],
  ["YAMADA^TARO==やまだ^たろう"],
  ["=山田^太郎"],
  ["==やまだ^たろう"],
  ["山田^太郎"],
  ["ﾔﾏﾀﾞ^ﾀﾛｳ", "ヤマダ^タロウ"],
  ["YAMADA^TARO=ﾔﾏﾀﾞ^ﾊﾟﾋﾟ", "YAMADA^TARO=ヤマダ^パピ"],
  ["A^^B"],
  ["YAMADA^TARO^^^"],
  ["YAMADA^TARO="],
  ["YAMADA^TARO=="],
  ["^TARO"],
  ["A^B^C^D^E=山^田^太^郎^様"],
  ["O'BRIEN-SMITH^MARY ANN"],
  [`${"A".repeat(31)}^${"B".repeat(31)}`],
  [`A=${"山".repeat(63)}`],
];

/** Refused where the device writes its two sets. */
const REFUSED: readonly (readonly [string, string])[] = [
  ["TAKAHASHI=髙橋^一郎", "髙"],
  ["TAKAHASHI=高橋^①", "①"],
  ["MULLER^RENÉ", "É"],
  ["GARCÍA^JOSÉ", "Í"],
  ["𠮷田^太郎", "𠮷"],
  ["A\\B", "\\"],
  ["A\tB", "\t"],
];

const variantOf = (patientName: string): Variant => {
  const facts = imageFacts("CR", "radiography", {
    exam: { ...exam, patient: { ...exam.patient, patientName } },
  });
  return { iod: "CR", facts, built: buildCrImage(facts) };
};

const bytesOf = (name: string, characterSet: OutputCharacterSet, substitutions: Substitution[]) =>
  objectBytes(variantOf(name), { characterSet, substitutions });

async function readBack(
  name: string,
  characterSet: OutputCharacterSet,
): Promise<string | undefined> {
  const substitutions: Substitution[] = [];
  const bytes = bytesOf(name, characterSet, substitutions);
  expect(substitutions).toEqual([]);
  return (await readObjectHeader(memorySource(bytes))).dataSet.string(Tag.PatientName);
}

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "names-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("a name that can be written", () => {
  for (const [name, expected = name] of WRITABLE) {
    test(`${name} is accepted and comes back`, async () => {
      expect(personNameFault(name, "default-kanji")).toBeNull();
      expect(await readBack(name, "default-kanji")).toBe(expected);
    });
    test(`${name} comes back as it is in UTF-8`, async () => {
      expect(personNameFault(name, "ISO_IR 192")).toBeNull();
      expect(await readBack(name, "ISO_IR 192")).toBe(name);
    });
  }
});

describe("a name that cannot be written", () => {
  for (const [name, character] of REFUSED)
    test(`${JSON.stringify(name)} is refused for ${JSON.stringify(character)}`, () => {
      expect(personNameFault(name, "default-kanji")).toEqual({ kind: "character", character });
      const fault = personNameFault(name, "default-kanji");
      expect(fault && personNameFaultText(fault)).toContain(character);
    });

  test("is accepted in UTF-8 where the character is a letter", () => {
    for (const name of ["TAKAHASHI=髙橋^一郎", "MULLER^RENÉ", "𠮷田^太郎"])
      expect(personNameFault(name, "ISO_IR 192")).toBeNull();
  });

  test("is refused at 64 characters a group, counted as characters and not as code units", () => {
    expect(personNameFault("A".repeat(63), "default-kanji")).toBeNull();
    expect(personNameFault("A".repeat(64), "default-kanji")).toEqual({
      kind: "length",
      charactersMax: 63,
    });
    expect(personNameFault("𠮷".repeat(63), "ISO_IR 192")).toBeNull();
    expect(personNameFault("𠮷".repeat(64), "ISO_IR 192")?.kind).toBe("length");
  });

  test.each([
    ["", "empty"],
    ["^^", "empty"],
    ["==", "empty"],
    ["A=B=C=D", "groups"],
    ["A^B^C^D^E^F", "components"],
  ])("%j is refused: %s", (name, kind) => {
    const fault = personNameFault(name, "default-kanji");
    expect(fault?.kind).toBe(kind as never);
    expect(fault && personNameFaultText(fault)).toContain("name");
  });
});

describe("a typed patient", () => {
  const fault = (id: string | undefined, name: string | undefined) =>
    patientInputFault({ id, name }, "default-kanji");

  test("is taken with what can be written, and with nothing at all", () => {
    expect(fault("P-1", "YAMADA^TARO=山田^太郎")).toBeNull();
    expect(fault(undefined, undefined)).toBeNull();
    expect(fault("A".repeat(64), "")).toBeNull();
  });

  test("is refused in words that name the character or the limit", () => {
    expect(fault("P-1", "TAKAHASHI=髙橋^一郎")).toContain('"髙"');
    expect(fault("患者1", "DOE")).toContain('"患"');
    expect(fault("A\\B", "DOE")).toContain('"\\"');
    expect(fault("A".repeat(65), "DOE")).toContain("64 characters");
    expect(fault("P-1", "A".repeat(64))).toContain("63 characters");
  });
});

describe.skipIf(!isInstalled("dcmdump"))("dcmdump", () => {
  async function dumped(name: string, characterSet: OutputCharacterSet, ...options: string[]) {
    const path = join(folder, "name.dcm");
    await Bun.write(path, bytesOf(name, characterSet, []));
    return run("dcmdump", ...options, "+L", "+P", "0010,0010", path);
  }

  test("+U8 reads every name of the UTF-8 set as it was entered", async () => {
    for (const [name] of WRITABLE) {
      const { out, err } = await dumped(name, "ISO_IR 192", "+U8");
      expect(err).toBe("");
      expect(out).toContain(`PN [${name}]`);
    }
  });

  // Debian's DCMTK converts with the C library, which it does not trust with ISO 2022 IR 87; so the
  // bytes it found are handed to iconv.
  test.skipIf(!isInstalled("iconv"))(
    "and iconv read every name of the Kanji set as it was entered",
    async () => {
      for (const [name, expected = name] of WRITABLE) {
        const path = join(folder, "name.dcm");
        await Bun.write(path, bytesOf(name, "default-kanji", []));
        const dump = Bun.spawnSync(["dcmdump", "+L", "+P", "0010,0010", path], { stdout: "pipe" });
        const text = Bun.spawnSync(["iconv", "-f", "ISO-2022-JP", "-t", "UTF-8"], {
          stdin: dump.stdout,
          stdout: "pipe",
        });
        expect(text.stdout.toString()).toContain(`PN [${expected}]`);
      }
    },
  );
});

describe.skipIf(!hasOrthanc)("Orthanc", () => {
  let orthanc: Orthanc;
  beforeAll(async () => {
    orthanc = await startOrthanc();
  });
  afterAll(async () => {
    await orthanc?.[Symbol.asyncDispose]();
  });

  test("reads every name of both sets as it was entered", async () => {
    let number = 0;
    for (const characterSet of ["default-kanji", "ISO_IR 192"] as const)
      for (const [name, expected = name] of WRITABLE) {
        const variant = variantOf(name);
        variant.built.dataSet.text(Tag.SOPInstanceUID, "UI", `1.2.3.${++number}`);
        const id = await orthanc.store(objectBytes(variant, { characterSet }));
        const { PatientName } = await orthanc.tags(id);
        expect([characterSet, PatientName]).toEqual([
          characterSet,
          characterSet === "ISO_IR 192" ? name : expected,
        ]);
      }
  });
});
