// The tables in the code against the specification they were taken from, row by row, where it lies
// beside the project; elsewhere these tests are skipped.

import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { MAPPING } from "../../../src/dicom/iod/mapping.ts";
import type {
  Condition,
  IodKey,
  Keyword,
  Literal,
  RowHead,
  RowTerms,
} from "../../../src/dicom/iod/row.ts";
import { accumulatedDose } from "../../../src/dicom/iod/sr/accumulated-dose.ts";
import { deviceObserver } from "../../../src/dicom/iod/sr/device-observer.ts";
import { fluoroscopyAndAcquisitionDose } from "../../../src/dicom/iod/sr/fluoroscopy-and-acquisition-dose.ts";
import { irradiationEvent } from "../../../src/dicom/iod/sr/irradiation-event.ts";
import { observerContext } from "../../../src/dicom/iod/sr/observer-context.ts";
import { projectionDose } from "../../../src/dicom/iod/sr/projection-dose.ts";
import type { Template } from "../../../src/dicom/iod/sr/template.ts";
import { totalDose } from "../../../src/dicom/iod/sr/total-dose.ts";
import { BODY_PART_CODES } from "../../../src/model/body-parts.ts";
import { type AnyRow, IODS } from "./iods.ts";

/** A record of the specification; only the fields looked at one by one are spelt out. */
interface Json {
  readonly by_iod?: Readonly<Record<string, Json>>;
  readonly erratum?: readonly string[];
  readonly depth?: number;
  readonly module?: string;
  readonly name?: string;
  readonly table?: string;
  readonly standard?: string;
  readonly sop_class_uid?: string;
  readonly sop_class_name?: string;
  readonly variants?: { readonly colour?: Json };
  readonly row?: unknown;
  readonly rows?: readonly Json[];
  readonly worklist?: Json | null;
  readonly image?: Json | null;
  readonly mpps?: Json | null;
  readonly added?: unknown;
}

const SPEC = join(import.meta.dir, "..", "..", "..", "..", "shared", "spec");
const there = existsSync(join(SPEC, "iod.json"));
const read = (name: string): object =>
  there ? (JSON.parse(readFileSync(join(SPEC, name), "utf8")) as object) : {};

const hex = (keyword: Keyword) => Tag[keyword].toString(16).toUpperCase().padStart(8, "0");
const defined = (value: object): Json =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined));

function condition(when: Condition | null | undefined): unknown {
  if (!when) return when;
  if ("tagPresent" in when) return { tag_present: hex(when.tagPresent) };
  return { ...when, tag: hex(when.tag) };
}

function literals(vr: string, values: readonly Literal[] | undefined): unknown {
  if (vr !== "AT") return values;
  return values?.map((v) => Number(v).toString(16).toUpperCase().padStart(8, "0"));
}

function termsJson(terms: RowTerms, vr: string): Json {
  return defined({
    type: terms.type,
    presence: terms.presence,
    when: condition(terms.when),
    otherwise: terms.otherwise,
    fixed: literals(vr, terms.fixed),
    enum: terms.enum,
    defined_terms: terms.definedTerms,
    fixed_positions: terms.fixedPositions,
  });
}

/** The fields of ours that the specification has under the same meaning. */
function ours(row: RowHead, depth: number): Json {
  const byIod = Object.entries(row.byIod ?? {})
    .map(([key, terms]) => [key, termsJson(terms as RowTerms, row.vr)] as const)
    .filter(([, terms]) => Object.keys(terms).length > 0);
  return defined({
    keyword: row.tag,
    tag: hex(row.tag),
    vr: row.vr,
    source: row.source,
    depth,
    erratum: row.errata === undefined ? undefined : [...row.errata].sort(),
    ...termsJson(row, row.vr),
    by_iod: byIod.length > 0 ? Object.fromEntries(byIod) : undefined,
  });
}

const TERM_KEYS = [
  "type",
  "presence",
  "when",
  "otherwise",
  "fixed",
  "enum",
  "defined_terms",
  "fixed_positions",
];

function pick(json: Json, keys: readonly string[]): Json {
  return Object.fromEntries(Object.entries(json).filter(([key]) => keys.includes(key)));
}

function theirs(json: Json): Json {
  const byIod = Object.entries(json.by_iod ?? {})
    .map(([key, terms]) => [key, pick(terms, TERM_KEYS)] as const)
    .filter(([, terms]) => Object.keys(terms).length > 0);
  return defined({
    ...pick(json, ["keyword", "tag", "vr", "source", "depth", ...TERM_KEYS]),
    erratum: json.erratum === undefined ? undefined : [...json.erratum].sort(),
    by_iod: byIod.length > 0 ? Object.fromEntries(byIod) : undefined,
  });
}

function flat(rows: readonly AnyRow[], depth = 0): readonly Json[] {
  return rows.flatMap((row) => [
    ours(row, depth),
    ...flat((row.items?.rows ?? []) as readonly AnyRow[], depth + 1),
  ]);
}

describe.skipIf(!there)("the specification beside the project", () => {
  const iodJson = read("iod.json") as {
    readonly iods: Partial<Record<IodKey, Json & { modules: Json[]; additions: Json[] }>>;
    readonly modules: Record<string, Json & { attributes: Json[] }>;
    readonly body_part_codes: unknown;
  };
  const srJson = read("sr.json") as {
    readonly templates: Record<string, Json & { rows: Json[] }>;
  };

  test("has the modules of each IOD that the code has", () => {
    for (const iod of IODS) {
      const json = iodJson.iods[iod.key];
      expect(json?.sop_class_uid).toBe(iod.sopClassUid);
      expect(json?.sop_class_name).toBe(iod.sopClassName);
      expect(json?.table).toBe(iod.table);
      const uses = iod.modules
        .filter((use) => use.added === undefined)
        .map((use) =>
          defined({
            ie: use.ie,
            module: use.module.name,
            table: use.module.table,
            presence: use.presence,
            usage: use.usage,
            trigger: use.trigger?.map(hex),
            erratum: use.errata,
          }),
        );
      expect(uses).toEqual(
        (json?.modules ?? []).map((m) =>
          pick(m, ["ie", "module", "table", "presence", "usage", "trigger", "erratum"]),
        ),
      );
    }
  });

  test("has the attribute rows of each table that the code has", () => {
    const tables = new Map(
      IODS.flatMap((iod) => iod.modules)
        .filter((use) => use.added === undefined && use.module.table !== "8.1-40")
        .map((use) => [use.module.table, use.module]),
    );
    expect([...tables.keys()].sort()).toEqual(Object.keys(iodJson.modules).sort());
    let rows = 0;
    for (const [table, module] of tables) {
      const json = iodJson.modules[table];
      expect(module.name).toBe(json?.module as string);
      expect(module.standard).toBe(json?.standard as string);
      expect(flat(module.rows)).toEqual((json?.attributes ?? []).map(theirs));
      rows += json?.attributes.length ?? 0;
    }
    expect(rows).toBe(183);
  });

  test("has the additions of each IOD that the code has", () => {
    let count = 0;
    for (const iod of IODS) {
      const json = iodJson.iods[iod.key]?.additions ?? [];
      expect(flat(iod.additions)).toEqual(json.map(theirs));
      expect(iod.additions.map((a) => a.module)).toEqual(
        json.filter((a) => a.depth === 0).map((a) => a.module as string),
      );
      count += json.length;
    }
    expect(count).toBe(35);
  });

  test("has the variants of captures that the code has", () => {
    const variants = IODS.flatMap((iod) => iod.variants.map((v) => [iod.key, v] as const));
    expect(variants.map(([key, v]) => `${key} ${v.name}`)).toEqual(["SC colour"]);
    const [, colour] = variants[0] ?? [];
    const set = Object.entries(colour?.set ?? {}).map(([k, v]) => [hex(k as Keyword), v]);
    expect({
      when: { tag: colour && hex(colour.equals.tag), value: colour?.equals.value },
      erratum: colour?.errata,
      set: Object.fromEntries(set),
      absent_modules: colour?.absentModules,
      require: colour?.require.map(hex),
    }).toEqual(iodJson.iods.SC?.variants?.colour as never);
  });

  test("has the body part codes that the code has", () => {
    const codes = Object.entries(BODY_PART_CODES).map(([term, c]) => [
      term,
      { code: c.value, scheme: c.scheme, meaning: c.meaning, paired: c.paired },
    ]);
    expect(Object.fromEntries(codes)).toEqual(iodJson.body_part_codes);
  });

  test("has the rows of the dose report's templates that the code has", () => {
    const templates: readonly Template<never>[] = [
      projectionDose,
      observerContext,
      deviceObserver,
      accumulatedDose,
      irradiationEvent,
      fluoroscopyAndAcquisitionDose,
      totalDose,
    ];
    expect(templates.map((t) => t.tid).sort()).toEqual(Object.keys(srJson.templates).sort());
    const code = (c: { value: string; scheme: string; meaning: string } | undefined) =>
      c && { code: c.value, scheme: c.scheme, meaning: c.meaning };
    for (const template of templates) {
      const json = srJson.templates[template.tid];
      expect(template.name).toBe(json?.name as string);
      expect(template.table).toBe(json?.table as string);
      const rows = template.rows
        .filter((row) => row.include?.tid !== "10003B")
        .map((row) =>
          defined({
            row: row.row,
            level: row.level,
            relationship: row.relationship,
            value_type: row.valueType,
            concept: code(row.concept),
            include: row.include?.tid,
            vm: row.vm,
            presence: row.presence,
            requirement: row.requirement,
            when:
              row.when && "eventType" in row.when ? { event_type: row.when.eventType } : undefined,
            otherwise: row.otherwise,
            codes: row.codes?.map(code),
            context_group: row.contextGroup,
            units: code(row.units),
            added: row.added,
            erratum: row.errata,
          }),
        );
      const keys = [
        ...["row", "level", "relationship", "value_type", "concept", "include", "vm", "presence"],
        ...["requirement", "when", "otherwise", "codes", "context_group", "units", "added"],
        "erratum",
      ];
      expect(rows).toEqual((json?.rows ?? []).map((r) => pick(r, keys)));
    }
  });

  test("maps worklist, image and MPPS as the code does", () => {
    const side = (a: { tag: Keyword; path?: readonly Keyword[] | undefined } | null) =>
      a && defined({ tag: hex(a.tag), path: a.path?.map(hex) });
    const json = (read("mapping.json") as { rows: Json[] }).rows;
    expect(
      MAPPING.map((r) =>
        defined({
          row: r.row,
          worklist: side(r.worklist),
          image: side(r.image),
          mpps: side(r.mpps),
          ruled: r.rule !== undefined,
          added: r.added,
          erratum: r.errata,
        }),
      ),
    ).toEqual(
      json.map((r) =>
        defined({
          row: r.row,
          worklist: r.worklist && pick(r.worklist as Json, ["tag", "path"]),
          image: r.image && pick(r.image as Json, ["tag", "path"]),
          mpps: r.mpps && pick(r.mpps as Json, ["tag", "path"]),
          ruled: "rule" in r,
          added: r.added,
          erratum: r.erratum,
        }),
      ),
    );
  });
});
