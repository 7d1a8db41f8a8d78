// What a film needs to know of a stored image besides its pixels: size at the detector, shutters and
// collimator (PS3.3 §C.7.6.11, §C.8.7.3), and what the annotation says of patient and study.

import type { DataSet } from "../../dicom/data/data-set.ts";
import { Tag } from "../../dicom/dict/attributes.ts";
import { readObjectHeader } from "../../dicom/io/object-header.ts";
import type { VisibleArea } from "../../model/film.ts";
import type { InstanceRecord } from "../../model/instance.ts";
import type { StoragePort } from "../../store/storage-port.ts";
import { type Picture, pictureOf } from "../picture.ts";
import type { Spacing } from "./film-layout.ts";

export interface FilmFacts {
  readonly picture: Picture;
  readonly spacing: Spacing | undefined;
  readonly visible: readonly VisibleArea[];
  /** Patient, then study: the first lines of the annotation. */
  readonly lines: readonly [patient: string, study: string];
  /** "R PA": side and view, where the image tells them. */
  readonly view: string;
}

/** Null for an object without pixels we can show. @throws Error when its file cannot be read */
export async function readFilmFacts(
  storage: Pick<StoragePort, "source" | "filePath">,
  record: InstanceRecord,
): Promise<FilmFacts | null> {
  const source = storage.source(record);
  try {
    const header = await readObjectHeader(source);
    const picture = pictureOf(storage.filePath(record), header);
    if (picture === null || picture.columns === 0 || picture.rows === 0) return null;
    const { dataSet } = header;
    return {
      picture,
      spacing: spacingOf(dataSet),
      visible: visibleAreas(dataSet),
      lines: [patientLine(dataSet), studyLine(dataSet)],
      view: joined(" ", [
        dataSet.string(Tag.ImageLaterality) ?? dataSet.string(Tag.Laterality),
        dataSet.string(Tag.ViewPosition),
      ]),
    };
  } finally {
    await source.close();
  }
}

/** Of the detector; of the object where only that is told (a calibrated or a captured image). */
function spacingOf(dataSet: DataSet): Spacing | undefined {
  for (const tag of [Tag.ImagerPixelSpacing, Tag.PixelSpacing]) {
    const [rowMm = 0, columnMm = 0] = numbers(dataSet, tag);
    if (rowMm > 0 && columnMm > 0) return { rowMm, columnMm };
  }
  return undefined;
}

interface AreaTags {
  readonly shape: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly center: number;
  readonly radius: number;
  readonly corners: number;
}

const SHUTTER: AreaTags = {
  shape: Tag.ShutterShape,
  left: Tag.ShutterLeftVerticalEdge,
  right: Tag.ShutterRightVerticalEdge,
  top: Tag.ShutterUpperHorizontalEdge,
  bottom: Tag.ShutterLowerHorizontalEdge,
  center: Tag.CenterOfCircularShutter,
  radius: Tag.RadiusOfCircularShutter,
  corners: Tag.VerticesOfThePolygonalShutter,
};
const COLLIMATOR: AreaTags = {
  shape: Tag.CollimatorShape,
  left: Tag.CollimatorLeftVerticalEdge,
  right: Tag.CollimatorRightVerticalEdge,
  top: Tag.CollimatorUpperHorizontalEdge,
  bottom: Tag.CollimatorLowerHorizontalEdge,
  center: Tag.CenterOfCircularCollimator,
  radius: Tag.RadiusOfCircularCollimator,
  corners: Tag.VerticesOfThePolygonalCollimator,
};

/** Pixels are counted from 1 in the object, a row before a column. Incomplete shapes hide nothing. */
export function visibleAreas(dataSet: DataSet): VisibleArea[] {
  return [SHUTTER, COLLIMATOR].flatMap((tags) =>
    dataSet.strings(tags.shape).flatMap((shape) => areaOf(dataSet, tags, shape.trim()) ?? []),
  );
}

function areaOf(dataSet: DataSet, tags: AreaTags, shape: string): VisibleArea | null {
  switch (shape) {
    case "RECTANGULAR": {
      const edges = [tags.left, tags.right, tags.top, tags.bottom].map((t) => dataSet.number(t));
      const [left, right, top, bottom] = edges;
      if (left === undefined || right === undefined || top === undefined || bottom === undefined)
        return null;
      if (right <= left || bottom <= top) return null;
      return {
        shape: "rectangle",
        left: left - 1,
        right: right - 1,
        top: top - 1,
        bottom: bottom - 1,
      };
    }
    case "CIRCULAR": {
      const [row, column] = numbers(dataSet, tags.center);
      const radius = dataSet.number(tags.radius);
      return row === undefined || column === undefined || radius === undefined || radius <= 0
        ? null
        : { shape: "circle", row: row - 1, column: column - 1, radius };
    }
    case "POLYGONAL": {
      const values = numbers(dataSet, tags.corners);
      if (values.length < 6 || values.length % 2 !== 0) return null;
      const corners = values.map((_, i) => (values[i % 2 === 0 ? i + 1 : i - 1] ?? 1) - 1);
      return { shape: "polygon", corners };
    }
    default:
      return null;
  }
}

function numbers(dataSet: DataSet, tag: number): number[] {
  const all = dataSet.strings(tag).map((text) => Number(text.trim()));
  return all.every(Number.isFinite) ? all : [];
}

function patientLine(dataSet: DataSet): string {
  return joined("   ", [
    nameText(dataSet.string(Tag.PatientName) ?? ""),
    dataSet.string(Tag.PatientID),
    dateText(dataSet.string(Tag.PatientBirthDate) ?? ""),
    dataSet.string(Tag.PatientSex),
  ]);
}

function studyLine(dataSet: DataSet): string {
  const first = (...tags: readonly number[]) =>
    tags.map((tag) => dataSet.string(tag)).find((value) => value !== undefined) ?? "";
  return joined("   ", [
    joined(" ", [
      dateText(first(Tag.AcquisitionDate, Tag.ContentDate, Tag.StudyDate)),
      timeText(first(Tag.AcquisitionTime, Tag.ContentTime, Tag.StudyTime)),
    ]),
    dataSet.string(Tag.InstitutionName),
    dataSet.string(Tag.StudyDescription),
  ]);
}

/** "Yamada^Tarou=山田^太郎" → "山田 太郎 (Yamada Tarou)" (PS3.5 §6.2.1). */
function nameText(name: string): string {
  const [letters = "", characters = ""] = name
    .split("=")
    .map((group) => group.split("^").filter(Boolean).join(" ").trim());
  if (characters === "") return letters;
  return letters === "" ? characters : `${characters} (${letters})`;
}

const dateText = (da: string) => da.replace(/^(\d{4})(\d{2})(\d{2})$/, "$1-$2-$3");
const timeText = (tm: string) => tm.replace(/^(\d{2})(\d{2}).*$/, "$1:$2");
const joined = (between: string, parts: readonly (string | undefined)[]) =>
  parts.filter((part) => part !== undefined && part !== "").join(between);
