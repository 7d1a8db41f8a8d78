// Walks the attribute tables of an IOD over the facts of one object and makes its data set. Rows that
// depend on other attributes come after those that don't; an attribute in several tables is sent once
// and has to satisfy every row. Usage of modules: PS3.3 §A.1.3; types of attributes: PS3.5 §7.4.

import { DataSet, type Element, type NumberVr, type TextVr, type Vr } from "../data/data-set.ts";
import { formatDs, formatIs } from "../data/number-strings.ts";
import { truncateText } from "../data/text-limits.ts";
import { Tag } from "../dict/attributes.ts";
import type { ObjectFacts } from "./facts.ts";
import { IodError, type IodProblem } from "./iod-error.ts";
import type {
  Condition,
  Iod,
  IodKey,
  Keyword,
  Literal,
  Presence,
  Row,
  RowTerms,
  Value,
  Variant,
} from "./row.ts";

/** An object ready to be encoded; pixel bytes follow by reference. */
export interface BuiltObject {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly dataSet: DataSet;
  /** VR of the Pixel Data element; null for an object without pixels. */
  readonly pixel: { readonly vr: "OW" } | null;
  /** Attributes whose text was too long and was cut (D12): to be logged, and shown with the exam. */
  readonly truncated: readonly Keyword[];
}

/** One row with what the IOD and the variant make of it. */
interface Step<F> {
  readonly row: Row<F>;
  readonly terms: Row<F>;
  readonly tag: number;
  readonly table: string;
  readonly sentWhen: ((facts: F) => boolean) | undefined;
}

/** A data set, and the attributes whose text had to be cut. */
export interface BuiltDataSet {
  readonly dataSet: DataSet;
  readonly truncated: readonly Keyword[];
}

/**
 * Builds the data set of one object.
 * @throws IodError naming table and attribute of every value that is missing or not allowed.
 */
export function buildDataSet<F extends ObjectFacts>(iod: Iod<F>, facts: F): BuiltDataSet {
  const variant = iod.variants.find((v) => v.when(facts));
  const dataSet = new DataSet().text(Tag.SOPClassUID, "UI", iod.sopClassUid);
  const problems: IodProblem[] = [];
  const walk = new Walk(iod.key, facts, problems);
  for (const step of planOf(iod, variant))
    if (step.sentWhen === undefined || step.sentWhen(facts)) walk.row(step, facts, dataSet);
  for (const keyword of variant?.require ?? [])
    if (!dataSet.has(Tag[keyword]))
      problems.push({ table: iod.table, attribute: keyword, what: "is missing" });
  if (problems.length > 0) throw new IodError(`${iod.key} object`, problems);
  return { dataSet, truncated: walk.truncated };
}

class Walk {
  readonly truncated: Keyword[] = [];
  readonly #iod: IodKey;
  readonly #settings: ObjectFacts["settings"];
  readonly #problems: IodProblem[];

  constructor(iod: IodKey, facts: ObjectFacts, problems: IodProblem[]) {
    this.#iod = iod;
    this.#settings = facts.settings;
    this.#problems = problems;
  }

  row<F>(step: Step<F>, facts: F, dataSet: DataSet): void {
    const { terms, tag } = step;
    const presence = this.#presence(terms, dataSet);
    if (presence === "ABSENT" || terms.by === "reference" || terms.by === "encoder") return;
    const there = dataSet.get(tag);
    if (there !== undefined && !isEmpty(there)) {
      this.#check(step, there);
      return;
    }
    if (presence === "EMPTY") {
      if (there === undefined) dataSet.set(tag, emptyElement(terms.vr));
      return;
    }
    const element = this.#element(step, facts);
    if (!isEmpty(element)) {
      this.#check(step, element);
      dataSet.set(tag, element);
    } else if (presence === "ALWAYS") this.#problem(step, "has no value");
    else if (presence === "VNAP") dataSet.set(tag, emptyElement(terms.vr));
  }

  #presence(terms: RowTerms & { readonly presence: Presence }, dataSet: DataSet): Presence {
    if (terms.when && !holds(terms.when, dataSet)) return terms.otherwise ?? "ABSENT";
    if (terms.valueWith !== undefined && this.#settings[terms.valueWith]) return "VNAP";
    return terms.presence;
  }

  #element<F>(step: Step<F>, facts: F): Element {
    const { terms } = step;
    if (terms.items !== undefined) {
      const items = terms.items.each(facts, (rows, item) => {
        const nested = new DataSet();
        for (const inner of itemPlan(rows, step.table)) this.row(inner, item, nested);
        return nested;
      });
      return { vr: "SQ", items };
    }
    const value = terms.value === undefined ? terms.fixed : terms.value(facts, this.#iod);
    return this.#toElement(step, value);
  }

  #toElement<F>(step: Step<F>, value: Value): Element {
    const { vr } = step.terms;
    const list = value === undefined ? [] : Array.isArray(value) ? value : [value];
    if (vr === "SQ") return { vr, items: list as readonly DataSet[] };
    const literals = list as readonly Literal[];
    if (literals.some((v) => typeof v === "number" && !Number.isFinite(v))) {
      this.#problem(step, "is not a finite number");
      return emptyElement(vr);
    }
    if (isNumberVr(vr)) return { vr, values: literals.map(Number) };
    return { vr: vr as TextVr, values: literals.map((v) => this.#fitting(step, text(vr, v))) };
  }

  /** The text, cut to the characters its VR and its row allow (D12: the image must not fail for it). */
  #fitting<F>({ terms: { vr, charsMax, tag } }: Step<F>, text: string): string {
    if (text.length <= SHORTEST_LIMIT || !FREE_TEXT.includes(vr)) return text;
    let cut = truncateText(vr as TextVr, text).text;
    if (charsMax !== undefined) {
      const parts = vr === "PN" ? cut.split("=") : [cut];
      cut = parts.map((part) => [...part].slice(0, charsMax).join("")).join("=");
    }
    if (cut !== text) this.truncated.push(tag);
    return cut;
  }

  #check<F>(step: Step<F>, element: Element): void {
    if (!("values" in element)) return;
    const { fixed, configured, enum: allowed, fixedPositions } = step.terms;
    const values = (element.values as readonly (string | number)[]).map(String);
    if (fixed !== undefined && configured === undefined && !sameList(values, fixed.map(String)))
      this.#problem(step, `is ${values.join("\\")}, not ${fixed.join("\\")}`);
    if (allowed !== undefined && !values.every((v) => allowed.some((a) => String(a) === v)))
      this.#problem(step, `is ${values.join("\\")}, not one of ${allowed.join(", ")}`);
    if (fixedPositions !== undefined)
      for (const [position, list] of Object.entries(fixedPositions))
        if (!list.includes(values[Number(position) - 1] ?? "missing"))
          this.#problem(step, `has ${values.join("\\")}: value ${position} is none of ${list}`);
  }

  #problem<F>(step: Step<F>, what: string): void {
    this.#problems.push({ table: step.table, attribute: step.row.tag, what });
  }
}

const plans = new WeakMap<object, Map<string, readonly unknown[]>>();

/** The rows of an IOD in the order they are built: unconditional ones, then the others. */
function planOf<F>(iod: Iod<F>, variant: Variant<F> | undefined): readonly Step<F>[] {
  return remembered(iod, variant?.name ?? "", () => {
    const steps: Step<F>[] = [];
    for (const use of iod.modules) {
      const { module } = use;
      if (variant?.absentModules.includes(module.table)) continue;
      for (const row of module.rows)
        steps.push(stepOf(row, module.table, use.sentWhen, iod.key, variant));
    }
    for (const row of iod.additions)
      steps.push(stepOf(row, iod.table, undefined, iod.key, variant));
    const conditional = (step: Step<F>) => step.terms.when != null;
    return [...steps.filter((s) => !conditional(s)), ...steps.filter(conditional)];
  });
}

function itemPlan<I>(rows: readonly Row<I>[], table: string): readonly Step<I>[] {
  return remembered(rows, table, () => rows.map((row) => stepOf(row, table)));
}

function remembered<T>(owner: object, key: string, make: () => readonly T[]): readonly T[] {
  let byKey = plans.get(owner);
  if (byKey === undefined) {
    byKey = new Map();
    plans.set(owner, byKey);
  }
  let plan = byKey.get(key) as readonly T[] | undefined;
  if (plan === undefined) {
    plan = make();
    byKey.set(key, plan);
  }
  return plan;
}

function stepOf<F>(
  row: Row<F>,
  table: string,
  sentWhen?: (facts: F) => boolean,
  iod?: IodKey,
  variant?: Variant<F>,
): Step<F> {
  return { row, terms: termsOf(row, iod, variant), tag: Tag[row.tag], table, sentWhen };
}

/** A row as it stands for one IOD and, where there is one, a variant of it. */
export function termsOf<F>(row: Row<F>, iod?: IodKey, variant?: Variant<F>): Row<F> {
  const own = iod === undefined ? undefined : row.byIod?.[iod];
  const changed = variant?.set[row.tag];
  if (own === undefined && changed === undefined) return row;
  return { ...row, ...own, ...changed } as Row<F>;
}

/** Whether the condition of a row holds in what is already there. */
export function holds(condition: Condition, dataSet: DataSet): boolean {
  if ("tagPresent" in condition) return dataSet.has(Tag[condition.tagPresent]);
  const tag = Tag[condition.tag];
  if ("greater" in condition) return (dataSet.number(tag) ?? 0) > condition.greater;
  const value = dataSet.string(tag);
  if (value === undefined) return false;
  return "equals" in condition ? value === condition.equals : condition.in.includes(value);
}

/** Text people and peers write; the other VRs hold what the device makes itself. */
const FREE_TEXT: readonly Vr[] = ["LO", "SH", "PN", "ST", "LT"];
/** Characters every one of them has room for. */
const SHORTEST_LIMIT = 16;

const NUMBER_VRS: readonly Vr[] = ["US", "SS", "UL", "SL", "FL", "FD", "AT"];
const isNumberVr = (vr: Vr): vr is NumberVr => NUMBER_VRS.includes(vr);

function text(vr: Vr, value: Literal): string {
  if (typeof value === "string") return value;
  return vr === "IS" ? formatIs(Math.round(value)) : formatDs(value);
}

function isEmpty(element: Element): boolean {
  if (element.vr === "SQ") return element.items.length === 0;
  if ("bytes" in element) return element.bytes.byteLength === 0;
  return (element.values as readonly unknown[]).every((value) => value === "");
}

function emptyElement(vr: Vr): Element {
  if (vr === "SQ") return { vr, items: [] };
  if (isNumberVr(vr)) return { vr, values: [] };
  return { vr: vr as TextVr, values: [] };
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
