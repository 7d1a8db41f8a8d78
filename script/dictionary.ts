// Writes src/dicom/dict/attributes.ts from the data dictionary of the npm package dcmjs (PS3.6 §6 to
// §9, PS3.7 annex E). Run it with `bun run dict` after an update of that package and review the diff.

import { file, write } from "bun";
import dictionary from "dcmjs/dictionary";

type SourceRow = (typeof dictionary)[string];

interface Row {
  readonly tag: number;
  /** Bits of the tag that vary within a repeating group. */
  readonly mask: number;
  readonly vr: string;
  readonly vm: string;
  readonly keyword: string;
  readonly retired: boolean;
}

/** How the source abbreviates what PS3.6 gives as a choice, or names its own way. */
const VR_OF_SOURCE: Readonly<Record<string, string>> = {
  xs: "US/SS",
  ox: "OW/OB",
  lt: "OW/US",
  up: "UL",
};
/** Item and delimiters are part of the encoding; the generic rows of the source are rules, not attributes. */
const NO_ATTRIBUTE_VERSIONS = new Set(["PrivateTag", "PRIVATE", "ILLEGAL", "GENERIC"]);
const TAG = /^\(([0-9A-F]{4})(?:-([0-9A-F]{4}))?,([0-9A-F]{4})(?:-([0-9A-F]{4}))?\)$/i;

/**
 * Where dcmjs 0.52.2 differs from PS3.6 or lacks a current attribute, as DCMTK's dictionary shows
 * (test/dicom/dict/dictionary.test.ts): tag, VR, VM, keyword.
 */
// biome-ignore format: one row a line
const CORRECTIONS: readonly (readonly [tag: string, vr: string, vm: string, name: string])[] = [
  ["(0002,0026)", "UR", "1",   "SourcePresentationAddress"],
  ["(0002,0027)", "UR", "1",   "SendingPresentationAddress"],
  ["(0002,0028)", "UR", "1",   "ReceivingPresentationAddress"],
  ["(0002,0031)", "OB", "1",   "RTVMetaInformationVersion"],
  ["(0002,0032)", "UI", "1",   "RTVCommunicationSOPClassUID"],
  ["(0002,0033)", "UI", "1",   "RTVCommunicationSOPInstanceUID"],
  ["(0002,0035)", "OB", "1",   "RTVSourceIdentifier"],
  ["(0002,0036)", "OB", "1",   "RTVFlowIdentifier"],
  ["(0002,0037)", "UL", "1",   "RTVFlowRTPSamplingRate"],
  ["(0002,0038)", "FD", "1",   "RTVFlowActualFrameDuration"],
  ["(0006,0001)", "SQ", "1",   "CurrentFrameFunctionalGroupsSequence"],
  ["(0014,0025)", "ST", "1",   "ComponentManufacturingProcedure"],
  ["(0014,0028)", "ST", "1",   "ComponentManufacturer"],
  ["(0014,0042)", "ST", "1",   "MaterialGrade"],
  ["(0014,0044)", "ST", "1",   "MaterialPropertiesDescription"],
  ["(0014,40A0)", "LO", "1-n", "ImageQualityIndicatorType"],
  ["(0014,40A1)", "LO", "1-n", "ImageQualityIndicatorMaterial"],
  ["(0014,40A2)", "LO", "1-n", "ImageQualityIndicatorSize"],
  ["(0018,9323)", "CS", "1-n", "ExposureModulationType"],
  ["(0022,1642)", "UL", "1",   "NumberOfBscansPerFrame"],
  ["(0040,A803)", "UL", "1",   "NumberOfTableColumns"],
  ["(0062,0009)", "LO", "1-n", "SegmentAlgorithmName"],
  ["(0066,0040)", "OL", "1",   "LongPrimitivePointIndexList"],
  ["(0066,0041)", "OL", "1",   "LongTrianglePointIndexList"],
  ["(0066,0042)", "OL", "1",   "LongEdgePointIndexList"],
  ["(0066,0043)", "OL", "1",   "LongVertexPointIndexList"],
  ["(0068,62F0)", "SQ", "1",   "ViewOrientationModifierCodeSequence"],
  ["(0070,1305)", "FD", "4",   "Plane"],
  ["(0070,1306)", "FD", "3",   "PlaneNormal"],
  ["(0070,150C)", "UL", "1",   "NumberOfVolumetricCurvePoints"],
  ["(0076,0034)", "SQ", "1",   "ComponentTypeCodeSequence"],
  ["(0080,0010)", "OF", "1",   "UValueData"],
  ["(0080,0011)", "OF", "1",   "VValueData"],
  ["(300A,0131)", "FL", "1",   "AverageBeamDosePointSourceToExternalContourDistance"],
  ["(4010,1029)", "LO", "1-n", "ThreatDetectionAlgorithmAndVersion"],
];

function rowOf(source: SourceRow): Row | null {
  const { name, vr, vm } = source;
  if (name === undefined || vr === undefined || vm === undefined || vr === "na") return null;
  if (NO_ATTRIBUTE_VERSIONS.has(source.version ?? "") || name.endsWith("_undefined")) return null;
  const match = TAG.exec(source.tag ?? "");
  if (match === null) return null;
  const [, group = "", groupTo = group, element = "", elementTo = element] = match;
  const from = Number.parseInt(group + element, 16);
  const to = Number.parseInt(groupTo + elementTo, 16);
  // Repeating groups have even numbers only: bit 0 of the group never varies.
  const mask = ((from ^ to) & ~0x00010000) >>> 0;
  return {
    tag: from,
    mask,
    vr: VR_OF_SOURCE[vr] ?? vr,
    vm,
    keyword: name.replace(/^RETIRED_/, ""),
    retired: name.startsWith("RETIRED_"),
  };
}

const corrected = CORRECTIONS.map(([tag, vr, vm, name]) => [tag, { tag, vr, vm, name }] as const);
const sources: readonly SourceRow[] = Object.values({
  ...dictionary,
  ...Object.fromEntries(corrected),
});
const rows = sources
  .map(rowOf)
  .filter((row) => row !== null)
  .sort((a, b) => a.tag - b.tag);

// Where a retired attribute bears the keyword of a current one, the current one keeps it.
const owner = new Map<string, Row>();
for (const row of rows) {
  const other = owner.get(row.keyword);
  if (other === undefined || (other.retired && !row.retired)) owner.set(row.keyword, row);
  else if (!row.retired)
    throw new Error(`${row.keyword} stands for two current attributes; keep one by hand`);
}
const kept = rows.filter((row) => owner.get(row.keyword) === row);

const source = await file(new URL("../node_modules/dcmjs/package.json", import.meta.url)).json();
const hex = (value: number) => value.toString(16).toUpperCase().padStart(8, "0");
const text = `// Generated by script/dictionary.ts from dcmjs ${source.version}; do not edit.
// The attributes of PS3.6 and the command elements of PS3.7. A repeating group stands with its first
// tag. See dictionary.ts for looking up.

/** Tag of each attribute by its keyword. */
export const Tag = {
${kept.map((row) => `  ${row.keyword}: 0x${hex(row.tag)},`).join("\n")}
} as const;

/** A tag as one number: group × 65536 + element, unsigned. */
export type Tag = number;

/** One line an attribute, in the order of Tag: tag, VR (the default first), VM, mask of repeating bits. */
export const ATTRIBUTE_LINES = \`
${kept.map((row) => `${hex(row.tag)} ${row.vr} ${row.vm}${row.mask === 0 ? "" : ` ${hex(row.mask)}`}`).join("\n")}
\`;
`;
await write(new URL("../src/dicom/dict/attributes.ts", import.meta.url), text);
