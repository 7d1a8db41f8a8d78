// A data set in memory (PS3.5 §7.1): elements by tag, values decoded. Text is Unicode; DS and IS keep
// the text they were given, so nothing is lost by reading (helpers give numbers). Bulk pixel data is
// not held here: it stays a reference (see io).

/** A tag as one number: group × 65536 + element, unsigned. */
export type Tag = number;

export type TextVr =
  | "AE"
  | "AS"
  | "CS"
  | "DA"
  | "DS"
  | "DT"
  | "IS"
  | "LO"
  | "LT"
  | "PN"
  | "SH"
  | "ST"
  | "TM"
  | "UC"
  | "UI"
  | "UR"
  | "UT";
export type NumberVr = "US" | "SS" | "UL" | "SL" | "FL" | "FD" | "AT";
export type BigVr = "SV" | "UV";
export type BytesVr = "OB" | "OD" | "OF" | "OL" | "OV" | "OW" | "UN";
export type Vr = TextVr | NumberVr | BigVr | BytesVr | "SQ";

export type Element =
  | { readonly vr: TextVr; readonly values: readonly string[] }
  | { readonly vr: NumberVr; readonly values: readonly number[] }
  | { readonly vr: BigVr; readonly values: readonly bigint[] }
  | { readonly vr: BytesVr; readonly bytes: Uint8Array }
  | { readonly vr: "SQ"; readonly items: readonly DataSet[] };

export class DataSet {
  readonly #elements = new Map<Tag, Element>();

  get(tag: Tag): Element | undefined {
    return this.#elements.get(tag);
  }

  has(tag: Tag): boolean {
    return this.#elements.has(tag);
  }

  set(tag: Tag, element: Element): this {
    this.#elements.set(tag, element);
    return this;
  }

  delete(tag: Tag): boolean {
    return this.#elements.delete(tag);
  }

  get size(): number {
    return this.#elements.size;
  }

  /** Tags in ascending order, the order of the wire. */
  tags(): Tag[] {
    return [...this.#elements.keys()].sort((a, b) => a - b);
  }

  text(tag: Tag, vr: TextVr, ...values: readonly string[]): this {
    return this.set(tag, { vr, values });
  }

  numbers(tag: Tag, vr: NumberVr, ...values: readonly number[]): this {
    return this.set(tag, { vr, values });
  }

  sequence(tag: Tag, ...items: readonly DataSet[]): this {
    return this.set(tag, { vr: "SQ", items });
  }

  /** First value of a text element, or undefined when absent, empty or no text. */
  string(tag: Tag): string | undefined {
    const element = this.#elements.get(tag);
    if (element === undefined || !("values" in element)) return undefined;
    const [first] = element.values;
    return typeof first === "string" && first !== "" ? first : undefined;
  }

  /** All values of a text element; none when absent. */
  strings(tag: Tag): readonly string[] {
    const element = this.#elements.get(tag);
    if (element === undefined || !("values" in element)) return [];
    return element.values.filter((v): v is string => typeof v === "string");
  }

  /** First value as a number; DS and IS are parsed leniently ("1.0" is an IS of 1). */
  number(tag: Tag): number | undefined {
    const element = this.#elements.get(tag);
    if (element === undefined || !("values" in element)) return undefined;
    const [first] = element.values;
    if (first === undefined || first === "") return undefined;
    const value = typeof first === "string" ? Number(first.trim()) : Number(first);
    return Number.isFinite(value) ? value : undefined;
  }

  /** Items of a sequence; none when absent or empty. */
  items(tag: Tag): readonly DataSet[] {
    const element = this.#elements.get(tag);
    return element?.vr === "SQ" ? element.items : [];
  }
}
