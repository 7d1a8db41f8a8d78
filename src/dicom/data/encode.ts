// skeleton

import type { OutputCharacterSet, Substitution } from "./charset/output-character-set.ts";
import type { DataSet, Tag } from "./data-set.ts";

export interface EncodeOptions {
  readonly explicitVr: boolean;
  readonly characterSet: OutputCharacterSet;
  /** Receives each character that could not be written as it is. */
  readonly substitutions?: Substitution[] | undefined;
  /** Writes the header of one last element whose value follows by reference (even length). */
  readonly trailing?:
    | { readonly tag: Tag; readonly vr: "OW" | "OB"; readonly byteLength: number }
    | undefined;
}

export function encodeDataSet(_dataSet: DataSet, _options: EncodeOptions): Uint8Array {
  throw new Error("not built yet");
}
