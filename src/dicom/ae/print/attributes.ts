// Attributes of the print requests (PS3.4 §H.4, PS3.3 §C.13), a table each, and the data sets made
// from them.

import type { DataSet, Vr } from "../../data/data-set.ts";
import { Tag } from "../../dict/attributes.ts";
import { SopClassUid } from "../../dict/uids.ts";
import {
  type AttributeRow,
  type AttributeTable,
  buildDataSet,
  type Value,
  type Values,
  values,
} from "../attribute-rows.ts";

export interface PrintAttribute extends AttributeRow {
  readonly presence: "ALWAYS" | "ANAP";
  /** Where the value comes from: the operator, the configuration, the device itself, the printer. */
  readonly source: "USER" | "CONFIG" | "AUTO" | "Printer";
  /** The one value that is sent. */
  readonly fixed?: readonly (string | number)[] | undefined;
  /** The values that may be sent. */
  readonly allowed?: readonly string[] | undefined;
  /** Left out for a printer that refuses values with 0106 (F4); PS3.4 §H.4 wants none of these. */
  readonly spare?: true | undefined;
}

function row(
  depth: number,
  tag: number,
  vr: Vr,
  presence: PrintAttribute["presence"],
  source: PrintAttribute["source"],
  more: Pick<PrintAttribute, "fixed" | "allowed" | "spare" | "added" | "erratum"> = {},
): PrintAttribute {
  return { depth, tag, vr, presence, source, ...more };
}

/** Asked of the printer by N-GET. */
// biome-ignore format: one row a line
export const PRINTER_ATTRIBUTES: AttributeTable<PrintAttribute> = {
  table: "4.2-67",
  rows: [
    row(0, Tag.PrinterStatus, "CS", "ALWAYS", "Printer"),
    row(0, Tag.PrinterStatusInfo, "CS", "ALWAYS", "Printer"),
  ],
};

/** N-CREATE of the film session. */
// biome-ignore format: one row a line
export const FILM_SESSION_ATTRIBUTES: AttributeTable<PrintAttribute> = {
  table: "4.2-71",
  rows: [
    row(0, Tag.NumberOfCopies, "IS", "ALWAYS", "AUTO", { erratum: ["E101"] }),
    row(0, Tag.PrintPriority, "CS", "ALWAYS", "AUTO", { fixed: ["HIGH"], spare: true }),
    row(0, Tag.MediumType, "CS", "ALWAYS", "CONFIG", { allowed: ["BLUE FILM", "CLEAR FILM", "PAPER"], spare: true }),
    row(0, Tag.FilmDestination, "CS", "ALWAYS", "CONFIG", { allowed: ["MAGAZINE", "PROCESSOR"], spare: true }),
  ],
};

/** N-CREATE of a film box. */
// biome-ignore format: one row a line
export const FILM_BOX_ATTRIBUTES: AttributeTable<PrintAttribute> = {
  table: "4.2-74",
  rows: [
    row(0, Tag.ImageDisplayFormat, "ST", "ALWAYS", "USER", { erratum: ["E38"] }),
    row(0, Tag.FilmOrientation, "CS", "ALWAYS", "USER", { allowed: ["PORTRAIT", "LANDSCAPE"] }),
    row(0, Tag.FilmSizeID, "CS", "ALWAYS", "USER", { allowed: ["14INX17IN", "14INX14IN", "10INX14IN", "8INX10IN"] }),
    row(0, Tag.MagnificationType, "CS", "ALWAYS", "CONFIG", { allowed: ["REPLICATE", "BILINEAR", "CUBIC", "NONE"], spare: true }),
    row(0, Tag.SmoothingType, "CS", "ANAP", "CONFIG", { allowed: ["SHARP", "SMOOTH"], spare: true, erratum: ["E40"] }),
    row(0, Tag.BorderDensity, "CS", "ALWAYS", "CONFIG", { allowed: ["BLACK", "WHITE"], spare: true }),
    row(0, Tag.EmptyImageDensity, "CS", "ALWAYS", "CONFIG", { fixed: ["BLACK"], spare: true }),
    row(0, Tag.MinDensity, "US", "ALWAYS", "CONFIG", { spare: true, erratum: ["E37"] }),
    row(0, Tag.MaxDensity, "US", "ALWAYS", "CONFIG", { spare: true, erratum: ["E37"] }),
    row(0, Tag.Trim, "CS", "ALWAYS", "CONFIG", { fixed: ["NO"], spare: true }),
    row(0, Tag.ReferencedFilmSessionSequence, "SQ", "ALWAYS", "AUTO"),
    row(1, Tag.ReferencedSOPClassUID, "UI", "ALWAYS", "AUTO", { fixed: [SopClassUid.BasicFilmSession] }),
    row(1, Tag.ReferencedSOPInstanceUID, "UI", "ALWAYS", "AUTO"),
  ],
};

/** N-SET of an image box. */
// biome-ignore format: one row a line
export const IMAGE_BOX_ATTRIBUTES: AttributeTable<PrintAttribute> = {
  table: "4.2-77",
  rows: [
    row(0, Tag.ImageBoxPosition, "US", "ALWAYS", "AUTO", { erratum: ["E39"] }),
    row(0, Tag.BasicGrayscaleImageSequence, "SQ", "ALWAYS", "AUTO"),
    row(1, Tag.SamplesPerPixel, "US", "ALWAYS", "AUTO", { fixed: [1] }),
    row(1, Tag.PhotometricInterpretation, "CS", "ALWAYS", "AUTO", { fixed: ["MONOCHROME2"] }),
    row(1, Tag.Rows, "US", "ALWAYS", "AUTO"),
    row(1, Tag.Columns, "US", "ALWAYS", "AUTO"),
    row(1, Tag.PixelAspectRatio, "IS", "ALWAYS", "AUTO", { fixed: ["1", "1"], erratum: ["E41"] }),
    row(1, Tag.BitsAllocated, "US", "ALWAYS", "AUTO", { fixed: [8] }),
    row(1, Tag.BitsStored, "US", "ALWAYS", "AUTO", { fixed: [8] }),
    row(1, Tag.HighBit, "US", "ALWAYS", "AUTO", { fixed: [7] }),
    row(1, Tag.PixelRepresentation, "US", "ALWAYS", "AUTO", { fixed: [0] }),
    row(1, Tag.PixelData, "OW", "ALWAYS", "AUTO"),
  ],
};

export interface FilmSession {
  /** 1 or more (E101). */
  readonly copies: number;
  readonly mediumType: string;
  readonly filmDestination: string;
  /** Only what the printer must be told: after a refusal with 0106 (F4). */
  readonly reduced?: boolean | undefined;
}

export interface FilmBox {
  /** "STANDARD\\columns,rows" (E38). */
  readonly displayFormat: string;
  readonly orientation: string;
  readonly filmSize: string;
  readonly magnification: string;
  /** Sent with CUBIC only (E40). */
  readonly smoothing?: string | undefined;
  readonly borderDensity: string;
  /** Hundredths of optical density, minimum not above maximum (E37). */
  readonly minDensity: number;
  readonly maxDensity: number;
  /** BLACK where absent. */
  readonly emptyImageDensity?: string | undefined;
  /** Only what the printer must be told: after a refusal with 0106 (F4). */
  readonly reduced?: boolean | undefined;
}

export interface ImageBox {
  /** 1 … number of boxes of the format (E39). */
  readonly position: number;
  readonly rows: number;
  readonly columns: number;
  /** rows × columns bytes, 8-bit MONOCHROME2. */
  readonly pixels: Uint8Array;
}

export function filmSessionDataSet(session: FilmSession): DataSet {
  return build(
    FILM_SESSION_ATTRIBUTES,
    [
      [Tag.NumberOfCopies, String(session.copies)],
      [Tag.MediumType, session.mediumType],
      [Tag.FilmDestination, session.filmDestination],
    ],
    session.reduced,
  );
}

/** F1: the reference to its session is always there. */
export function filmBoxDataSet(box: FilmBox, filmSessionUid: string): DataSet {
  const session = withFixed(FILM_BOX_ATTRIBUTES, 1, [
    [Tag.ReferencedSOPInstanceUID, filmSessionUid],
  ]);
  return build(
    FILM_BOX_ATTRIBUTES,
    [
      [Tag.ImageDisplayFormat, box.displayFormat],
      [Tag.FilmOrientation, box.orientation],
      [Tag.FilmSizeID, box.filmSize],
      [Tag.MagnificationType, box.magnification],
      [Tag.SmoothingType, box.magnification === "CUBIC" ? box.smoothing : undefined],
      [Tag.BorderDensity, box.borderDensity],
      [Tag.EmptyImageDensity, box.emptyImageDensity],
      [Tag.MinDensity, box.minDensity],
      [Tag.MaxDensity, box.maxDensity],
      [Tag.ReferencedFilmSessionSequence, [session]],
    ],
    box.reduced,
  );
}

export function imageBoxDataSet(box: ImageBox): DataSet {
  const image = withFixed(IMAGE_BOX_ATTRIBUTES, 1, [
    [Tag.Rows, box.rows],
    [Tag.Columns, box.columns],
    [Tag.PixelData, box.pixels],
  ]);
  return build(IMAGE_BOX_ATTRIBUTES, [
    [Tag.ImageBoxPosition, box.position],
    [Tag.BasicGrayscaleImageSequence, [image]],
  ]);
}

type Pairs = readonly (readonly [number, Value | undefined])[];

/** Values of one level, those that the table fixes added. */
function withFixed(table: AttributeTable<PrintAttribute>, depth: number, pairs: Pairs): Values {
  const fixed: Pairs = table.rows
    .filter((attribute) => attribute.depth === depth && attribute.fixed !== undefined)
    .map(({ tag, fixed }) => [tag, fixed as readonly string[] | readonly number[]]);
  return values(...fixed, ...pairs);
}

function build(
  table: AttributeTable<PrintAttribute>,
  pairs: Pairs,
  reduced: boolean | undefined = false,
): DataSet {
  return buildDataSet(table.rows, withFixed(table, 0, pairs), (attribute) =>
    reduced && attribute.spare === true
      ? null
      : {
          send: attribute.presence === "ALWAYS" ? "value" : "when needed",
          required: attribute.presence === "ALWAYS",
        },
  );
}

/** Tags asked of the printer. */
export const PRINTER_TAGS: readonly number[] = PRINTER_ATTRIBUTES.rows.map(({ tag }) => tag);
