// The six IODs without the types of their facts, as tests walk them.

import { cr } from "../../../src/dicom/iod/cr.ts";
import { dx } from "../../../src/dicom/iod/dx.ts";
import { rdsr } from "../../../src/dicom/iod/rdsr.ts";
import { rf } from "../../../src/dicom/iod/rf.ts";
import type { Addition, Iod, ModuleUse, Row } from "../../../src/dicom/iod/row.ts";
import { sc } from "../../../src/dicom/iod/sc.ts";
import { xa } from "../../../src/dicom/iod/xa.ts";
import { VARIANTS, type Variant } from "./variants.ts";

export type AnyRow = Row<never>;
export type AnyUse = ModuleUse<never>;
export type AnyAddition = Addition<never>;
export type AnyIod = Pick<
  Iod<never>,
  "key" | "sopClassName" | "sopClassUid" | "table" | "variants"
> & {
  readonly modules: readonly AnyUse[];
  readonly additions: readonly AnyAddition[];
};

export const IODS: readonly AnyIod[] = [xa, rf, cr, dx, sc, rdsr];

/** Every variant built once. */
export const BUILT: readonly { readonly name: string; readonly variant: Variant }[] =
  Object.entries(VARIANTS).map(([name, make]) => ({ name, variant: make() }));
