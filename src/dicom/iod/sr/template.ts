// The shape of a content template (PS3.16): rows with nesting, relationship, value type, concept and
// unit, and how the value is read. content-tree.ts walks them. A row's unit and the unit of what it
// reads are one type, so dose in the wrong unit does not compile.

import type { Code } from "../../../model/code.ts";
import { decimalText, gyM2Text, gyText, secondsText } from "../../../model/dose.ts";
import type {
  Gy,
  GyM2,
  KiloVolts,
  MilliAmperes,
  Milliseconds,
  Seconds,
} from "../../../model/units.ts";
import type { Presence } from "../row.ts";

export type Relationship = "CONTAINS" | "HAS CONCEPT MOD" | "HAS OBS CONTEXT" | "HAS PROPERTIES";
export type ValueType = "CONTAINER" | "CODE" | "NUM" | "TEXT" | "UIDREF" | "DATETIME" | "INCLUDE";

/** UCUM units the report uses, with the quantity a row of that unit reads. */
export interface UnitQuantities {
  readonly "Gy.m2": GyM2;
  readonly Gy: Gy;
  readonly s: Seconds;
  readonly ms: Milliseconds;
  readonly kV: KiloVolts;
  readonly mA: MilliAmperes;
  readonly "{pulse}/s": number;
  readonly "1": number;
}
export type Unit = keyof UnitQuantities;

/** Decimal places of quantities that are not summed. */
const TECHNIQUE_DECIMALS = 3;
const technique = (value: number) => decimalText(value, TECHNIQUE_DECIMALS);

const UNITS: {
  readonly [U in Unit]: {
    readonly meaning: string;
    readonly text: (value: UnitQuantities[U]) => string;
  };
} = {
  "Gy.m2": { meaning: "Gy.m2", text: gyM2Text },
  Gy: { meaning: "Gy", text: gyText },
  s: { meaning: "s", text: secondsText },
  ms: { meaning: "ms", text: technique },
  kV: { meaning: "kV", text: technique },
  mA: { meaning: "mA", text: technique },
  "{pulse}/s": { meaning: "pulse/s", text: technique },
  "1": { meaning: "no units", text: (value) => decimalText(value, 0) },
};

export type RowCondition =
  /** Some event of the report has this type. */
  | { readonly eventType: string }
  /** The event is of this type. */
  | { readonly ownEventType: string }
  /** The event has this fluoroscopy mode, or none where null is listed. */
  | { readonly fluoroMode: readonly (string | null)[] };

export interface TemplateRowHead {
  /** Row number in PS3.16. */
  readonly row: string;
  /** Number of ">" signs. */
  readonly level: number;
  readonly relationship: Relationship | null;
  readonly valueType: ValueType;
  readonly concept?: Code | undefined;
  readonly vm: "1" | "1-n";
  readonly presence: Presence;
  readonly when?: RowCondition | undefined;
  readonly otherwise?: Presence | undefined;
  /** M, MC, U of PS3.16. */
  readonly requirement: "M" | "MC" | "U" | "UC";
  /** Values written: the one, or one of them. */
  readonly codes?: readonly Code[] | undefined;
  readonly contextGroup?: string | undefined;
  /** Not in the statement. */
  readonly added?: true | undefined;
  readonly errata?: readonly string[] | undefined;
}

export interface TemplateRow<F> extends TemplateRowHead {
  /** Whether `when` holds. */
  readonly applies?: ((facts: F) => boolean) | undefined;
  /** The value; left out where `codes` has the only one, and in containers. */
  readonly read?: (facts: F) => Code | string | undefined;
  readonly units?: Code | undefined;
  readonly include?: Inclusion<F> | undefined;
}

/** A template's rows in the place of one row, once for each of its facts. */
export interface Inclusion<F> {
  readonly tid: string;
  readonly each: (facts: F, visit: <I>(template: Template<I>, item: I) => void) => void;
}

export interface Template<F> {
  readonly tid: string;
  readonly name: string;
  /** Table of the statement, or the template of PS3.16 where it has none. */
  readonly table: string;
  readonly rows: readonly TemplateRow<F>[];
}

export function include<F, I>(template: Template<I>, of: (facts: F) => readonly I[]): Inclusion<F> {
  return {
    tid: template.tid,
    each: (facts, visit) => {
      for (const item of of(facts)) visit(template, item);
    },
  };
}

/** A NUM row: unit and quantity go together. */
export function numeric<F, U extends Unit>(
  row: TemplateRowHead & Pick<TemplateRow<F>, "applies">,
  unit: U,
  quantity: (facts: F) => UnitQuantities[U] | undefined,
): TemplateRow<F> & { readonly units: Code } {
  const { meaning, text } = UNITS[unit];
  return {
    ...row,
    units: { value: unit, scheme: "UCUM", meaning },
    read: (facts) => {
      const value = quantity(facts);
      return value === undefined ? undefined : text(value);
    },
  };
}

/** A DICOM-controlled code (PS3.16 Annex D). */
export const dcm = (value: string, meaning: string): Code => ({ value, scheme: "DCM", meaning });
/** A SNOMED CT code. */
export const sct = (value: string, meaning: string): Code => ({ value, scheme: "SCT", meaning });
