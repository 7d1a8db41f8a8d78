// The shape of an attribute table: a row says what an attribute is, when it is sent, which values it
// may have, where the value comes from, and how it is read from the facts of the object. Tables 8.1-7
// to 8.1-38 of the statement are lists of such rows; build.ts walks them.

import type { DataSet, Vr } from "../data/data-set.ts";
import type { Tag } from "../dict/attributes.ts";

export type Keyword = keyof typeof Tag;
export type IodKey = "XA" | "RF" | "CR" | "DX" | "SC" | "RDSR";

/**
 * ALWAYS: with a value. VNAP: sent, of zero length without a value. ANAP: left out without a value.
 * EMPTY: of zero length. ABSENT: never sent.
 */
export type Presence = "ALWAYS" | "VNAP" | "ANAP" | "EMPTY" | "ABSENT";
export type Source = "MWL" | "USER" | "AUTO" | "MPPS" | "CONFIG";
/** PS3.5 §7.4; null: the attribute is not part of the module in PS3.3. */
export type AttributeType = "1" | "1C" | "2" | "2C" | "3" | null;
export type Literal = string | number;

/** What a conditional row looks at in the object that is being built. */
export type Condition =
  | { readonly tag: Keyword; readonly equals: string }
  | { readonly tag: Keyword; readonly in: readonly string[] }
  | { readonly tag: Keyword; readonly greater: number }
  | { readonly tagPresent: Keyword };

/** The part of a row that one IOD may have differently. */
export interface RowTerms {
  readonly type?: AttributeType | undefined;
  readonly presence?: Presence | undefined;
  readonly when?: Condition | null | undefined;
  /** The presence when `when` does not hold. */
  readonly otherwise?: Presence | null | undefined;
  /** The only values allowed, in order. */
  readonly fixed?: readonly Literal[] | undefined;
  /** Closed list of values. */
  readonly enum?: readonly Literal[] | undefined;
  /** Open list of values. */
  readonly definedTerms?: readonly string[] | undefined;
  /** Values allowed at each position, from 1. */
  readonly fixedPositions?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly errata?: readonly string[] | undefined;
  /** A setting that, switched on, turns an EMPTY row into one with a value. */
  readonly valueWith?: "exposureIndexInDx" | undefined;
}

export interface RowHead extends RowTerms {
  readonly tag: Keyword;
  readonly vr: Vr;
  readonly type: AttributeType;
  readonly presence: Presence;
  readonly source: readonly Source[];
  readonly byIod?: Partial<Readonly<Record<IodKey, RowTerms>>> | undefined;
  /** `fixed` is the default of the configuration, not a law (identity of the device). */
  readonly configured?: true | undefined;
  /** Fewer characters than the VR allows; in a person name, in each of its component groups. Longer
   * text is cut. */
  readonly charsMax?: number | undefined;
  /** Who supplies the value where it is not the row: pixel bytes follow by reference, the encoder
   * puts in the character set, an addition of the IOD holds the items. */
  readonly by?: "reference" | "encoder" | "addition" | undefined;
}

export type Value =
  | Literal
  | readonly Literal[]
  /** Items of a sequence that no table describes further. */
  | readonly DataSet[]
  | undefined;

export interface Row<F> extends RowHead {
  /** The value, undefined when there is none. Left out where `fixed` says it all. */
  readonly value?: ((facts: F, iod: IodKey) => Value) | undefined;
  /** Items of a sequence, themselves a table. */
  readonly items?: ItemTable<F> | undefined;
}

/** Rows of a sequence's items; `each` runs over the items, the facts of which only it knows. */
export interface ItemTable<F> {
  readonly rows: readonly (RowHead & { readonly items?: ItemTable<never> | undefined })[];
  readonly each: (facts: F, visit: ItemVisitor) => readonly DataSet[];
}

export type ItemVisitor = <I>(rows: readonly Row<I>[], item: I) => DataSet;

/** Binds the rows of an item to the items found in the facts. */
export function items<F, I>(of: (facts: F) => readonly I[], rows: readonly Row<I>[]): ItemTable<F> {
  return {
    rows,
    each: (facts, visit) => of(facts).map((item) => visit(rows, item)),
  };
}

/** One table of attributes. */
export interface Module<F> {
  readonly name: string;
  /** Number of the table in the statement, or the PS3.3 section of a module it lacks. */
  readonly table: string;
  readonly standard: string;
  readonly rows: readonly Row<F>[];
}

/** A module as one IOD uses it. */
export interface ModuleUse<F> {
  readonly ie:
    | "Patient"
    | "Study"
    | "Series"
    | "Equipment"
    | "Image"
    | "Document"
    | "Frame of Reference";
  readonly module: Module<F>;
  readonly presence: "ALWAYS" | "ANAP";
  readonly usage: "M" | "C" | "U";
  /** Attributes of which one at least is there exactly when an optional module is. */
  readonly trigger?: readonly Keyword[] | undefined;
  /** Whether an optional module is sent for these facts. */
  readonly sentWhen?: ((facts: F) => boolean) | undefined;
  readonly errata?: readonly string[] | undefined;
  /** Not among the modules the statement lists. */
  readonly added?: true | undefined;
}

/** An attribute PS3.3 wants and the table of the module lacks. */
export type Addition<F> = Row<F> & { readonly module: string };

/** Rows changed for one value of an attribute (colour captures). */
export interface Variant<F> {
  readonly name: string;
  readonly when: (facts: F) => boolean;
  readonly equals: { readonly tag: Keyword; readonly value: string };
  readonly set: Partial<Readonly<Record<Keyword, RowTerms>>>;
  readonly absentModules: readonly string[];
  readonly require: readonly Keyword[];
  readonly errata: readonly string[];
}

export interface Iod<F> {
  readonly key: IodKey;
  readonly sopClassName: string;
  readonly sopClassUid: string;
  /** The statement's table of modules. */
  readonly table: string;
  readonly modules: readonly ModuleUse<F>[];
  readonly additions: readonly Addition<F>[];
  readonly variants: readonly Variant<F>[];
}
