// Prints the conformance statement from the tables that the code runs on. `bun script/conformance.ts`
// writes docs/conformance.md; a test holds the file against this output.

import { join } from "node:path";
import { Glob } from "bun";
import { AE_TITLES, PARAMETERS } from "../src/config/parameters.ts";
import { Tag } from "../src/dicom/dict/attributes.ts";
import { keywordOf, tagText } from "../src/dicom/dict/dictionary.ts";
import { cr } from "../src/dicom/iod/cr.ts";
import { dx } from "../src/dicom/iod/dx.ts";
import { rdsr } from "../src/dicom/iod/rdsr.ts";
import { rf } from "../src/dicom/iod/rf.ts";
import { sc } from "../src/dicom/iod/sc.ts";
import { xa } from "../src/dicom/iod/xa.ts";
import { REJECTIONS } from "../src/services/acceptor/rejections.ts";

const SOURCE = join(import.meta.dir, "..", "src");

interface AnyTable {
  readonly table: string;
  readonly rows: readonly Record<string, unknown>[];
  readonly [more: string]: unknown;
}

/** Every exported `{ table, rows }` below the folders of the network services. */
async function networkTables(): Promise<AnyTable[]> {
  const found = new Map<string, AnyTable>();
  for (const folder of ["dicom/ae", "services/acceptor"])
    for await (const file of new Glob("**/*.ts").scan(join(SOURCE, folder))) {
      const exported = (await import(join(SOURCE, folder, file))) as Record<string, unknown>;
      for (const value of Object.values(exported))
        for (const table of Array.isArray(value) ? value : [value])
          if (isTable(table) && !found.has(tableKey(table))) found.set(tableKey(table), table);
    }
  return [...found.values()].sort((a, b) =>
    a.table.localeCompare(b.table, "en", { numeric: true }),
  );
}

function isTable(value: unknown): value is AnyTable {
  if (typeof value !== "object" || value === null) return false;
  const { table, rows } = value as { table?: unknown; rows?: unknown };
  return typeof table === "string" && Array.isArray(rows) && rows.length > 0;
}

/** A printed number may stand for two tables: a status table and the attributes it is read from. */
function tableKey(table: AnyTable): string {
  return `${table.table} ${Object.keys(table.rows[0] ?? {})
    .sort()
    .join()}`;
}

const SYNTAXES: Readonly<Record<string, string>> = {
  "1.2.840.10008.1.2": "Implicit VR LE",
  "1.2.840.10008.1.2.1": "Explicit VR LE",
};

/** How a field of a row reads; fields not named here are left out of print. */
const FIELDS: readonly {
  readonly key: string;
  readonly title: string;
  readonly text?: (value: unknown) => string;
}[] = [
  { key: "level", title: "Level" },
  { key: "depth", title: "", text: (v) => ">".repeat(Number(v)) },
  {
    key: "tag",
    title: "Tag",
    text: (v) => (typeof v === "number" ? tagText(v) : tagText(Tag[v as keyof typeof Tag])),
  },
  { key: "name", title: "Name" },
  { key: "keyword", title: "Attribute" },
  { key: "vr", title: "VR" },
  { key: "abstractSyntax", title: "Abstract syntax" },
  {
    key: "transferSyntaxes",
    title: "Transfer syntaxes",
    text: (v) => (v as string[]).map((s) => SYNTAXES[s] ?? s).join(", "),
  },
  { key: "role", title: "Role" },
  { key: "service", title: "Service status" },
  { key: "code", title: "Code" },
  { key: "eventTypeId", title: "Event type" },
  { key: "value", title: "Value" },
  { key: "exception", title: "Exception" },
  { key: "meaning", title: "Meaning" },
  { key: "event", title: "Event" },
  { key: "result", title: "Result" },
  { key: "source", title: "Source" },
  { key: "reason", title: "Reason" },
  { key: "cause", title: "When" },
  { key: "when", title: "When" },
  { key: "matching", title: "Matching" },
  { key: "return", title: "Returned", text: (v) => (v === true ? "yes" : "") },
  { key: "create", title: "N-CREATE" },
  { key: "set", title: "N-SET" },
  { key: "send", title: "Sent" },
  { key: "actions", title: "Behaviour", text: (v) => (v as string[]).join(", ") || "none" },
  { key: "erratum", title: "Decision", text: (v) => (v as string[]).join(", ") },
];

/** A row with what it names elsewhere: the numbers of a rejection, the keyword of a tag. */
function whole(row: Record<string, unknown>): Record<string, unknown> {
  const { cause, tag } = row;
  if (typeof cause === "string" && cause in REJECTIONS)
    return { ...row, ...REJECTIONS[cause as keyof typeof REJECTIONS] };
  return typeof tag === "number" ? { keyword: keywordOf(tag), ...row } : row;
}

function printRows(stated: readonly Record<string, unknown>[]): string[] {
  const rows = stated.map(whole);
  const used = FIELDS.filter(({ key }) =>
    rows.some(
      (r) =>
        r[key] !== undefined &&
        (key !== "value" || typeof r[key] === "string") &&
        (key !== "depth" || Number(r[key]) > 0),
    ),
  );
  const cell = (row: Record<string, unknown>, field: (typeof FIELDS)[number]) => {
    const value = row[field.key];
    if (value === undefined || value === null) return "";
    return (
      field.text?.(value) ?? String(typeof value === "object" ? JSON.stringify(value) : value)
    )
      .replaceAll("|", "\\|")
      .replaceAll("\n", " ");
  };
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(used.map((f) => f.title)),
    line(used.map(() => "---")),
    ...rows.map((r) => line(used.map((f) => cell(r, f)))),
  ];
}

const KIND: readonly [(row: Record<string, unknown>) => boolean, string][] = [
  [(r) => "abstractSyntax" in r, "presentation contexts"],
  [(r) => "eventTypeId" in r, "events received"],
  [(r) => "exception" in r, "communication failures"],
  [(r) => "cause" in r, "association rejection"],
  [(r) => "code" in r && "actions" in r, "statuses"],
  [(r) => "tag" in r, "attributes"],
];

function titleOf(table: AnyTable): string {
  const first = table.rows[0] ?? {};
  const kind = KIND.find(([is]) => is(first))?.[1] ?? "rows";
  const what = [table["operation"], table["side"], table["acceptor"]]
    .filter((v) => typeof v === "string")
    .join(", ");
  return `Table ${table.table}: ${kind}${what === "" ? "" : ` (${what})`}`;
}

const IODS = [xa, rf, cr, dx, sc, rdsr];

function objectTables(): string[] {
  const out: string[] = [];
  const modules = new Map<string, (typeof IODS)[number]["modules"][number]["module"]>();
  for (const iod of IODS) {
    out.push(
      `### Table ${iod.table}: ${iod.sopClassName} (${iod.key}), ${iod.sopClassUid}`,
      "",
      "| IE | Module | Table | Presence | Usage |",
      "| --- | --- | --- | --- | --- |",
    );
    for (const use of iod.modules) {
      out.push(
        `| ${use.ie} | ${use.module.name} | ${use.module.table} | ${use.presence} | ${use.usage} |`,
      );
      modules.set(use.module.table, use.module as never);
    }
    out.push("");
  }
  const rowLine = (
    row: {
      tag: string;
      vr: string;
      type: string | null;
      presence: string;
      source: readonly string[];
      when?: unknown;
      otherwise?: unknown;
      fixed?: readonly unknown[];
      errata?: readonly string[];
    },
    depth: number,
  ) =>
    `| ${">".repeat(depth)}${row.tag} | ${tagText(Tag[row.tag as keyof typeof Tag])} | ${row.vr} | ${row.type ?? ""} | ${row.presence}${row.when ? ` when ${JSON.stringify(row.when)}${row.otherwise ? `, else ${String(row.otherwise)}` : ""}` : ""} | ${row.source.join(", ")} | ${row.fixed?.join("\\\\") ?? ""} | ${row.errata?.join(", ") ?? ""} |`;
  for (const module of [...modules.values()].sort((a, b) =>
    a.table.localeCompare(b.table, "en", { numeric: true }),
  )) {
    out.push(
      `### Table ${module.table}: ${module.name} (${module.standard})`,
      "",
      "| Attribute | Tag | VR | Type | Presence | Source | Value | Decision |",
      "| --- | --- | --- | --- | --- | --- | --- | --- |",
    );
    const walk = (rows: readonly unknown[], depth: number) => {
      for (const row of rows as { items?: { rows: readonly unknown[] } }[]) {
        out.push(rowLine(row as never, depth));
        if (row.items !== undefined) walk(row.items.rows, depth + 1);
      }
    };
    walk(module.rows, 0);
    out.push("");
  }
  return out;
}

/** The whole statement as Markdown. */
export async function conformanceStatement(): Promise<string> {
  const out = [
    "# DICOM conformance statement of the UDR-10A",
    "",
    "Generated by `bun script/conformance.ts` from the tables that the code runs on; not edited by hand. Decisions such as E28 name the",
    "point of the errata list by which a row differs from the reference statement. The objects with Requesting Service (0032,1033) are",
    "Standard Extended SOP classes (E63). One AE title and one port serve every application entity; no asynchronous operations window is",
    "proposed; maximum PDU length is a parameter of Table 4.4-2.",
    "",
    "## Network",
    "",
  ];
  for (const table of await networkTables())
    out.push(`### ${titleOf(table)}`, "", ...printRows(table.rows), "");
  out.push(
    `### Table ${AE_TITLES.table}: AE titles and ports`,
    "",
    "| Application entity | AE title | Port |",
    "| --- | --- | --- |",
  );
  for (const r of AE_TITLES.rows) out.push(`| ${r.ae} | ${r.aeTitle} | ${r.port ?? "none"} |`);
  out.push(
    "",
    `### Table ${PARAMETERS.table}: parameters`,
    "",
    "| Section | Key | Configurable | Range | Default | Unit |",
    "| --- | --- | --- | --- | --- | --- |",
  );
  for (const r of PARAMETERS.rows) {
    const range =
      "choices" in r
        ? r.choices.map((c) => String(c) || "(empty)").join(", ")
        : "min" in r
          ? `${r.min} to ${r.max}`
          : "";
    out.push(
      `| ${r.section} | ${r.key} | ${r.configurable ? "user" : "service"} | ${range} | ${String(r.default)} | ${"unit" in r ? r.unit : ""} |`,
    );
  }
  out.push("", "## Objects created", "", ...objectTables());
  return `${out.join("\n").trimEnd()}\n`;
}

if (import.meta.main)
  await Bun.write(
    join(import.meta.dir, "..", "docs", "conformance.md"),
    await conformanceStatement(),
  );
