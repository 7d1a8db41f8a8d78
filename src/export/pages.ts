// What a person finds on the medium: README.TXT, INDEX.HTM and a page of previews per export, as IHE
// Portable Data for Imaging wants them. The pages only help looking; the file-set is the DICOMDIR.

import { escapeMarkup } from "../core/markup.ts";
import { Tag } from "../dicom/dict/attributes.ts";
import { pathOf } from "../dicom/dir/file-id.ts";
import type { Directory } from "../dicom/dir/read-directory.ts";
import type { ExportObject, PlacedObject } from "./export-object.ts";
import { DIRECTORY_NAME, PAGES_FOLDER, README } from "./medium-paths.ts";

/** Stands in every page we write, so that a later export knows it from another's. */
export const OWN_MARK = "udr-10a-export";

export interface PageFacts {
  readonly institution: string;
  readonly device: string;
  /** Local date and time, as a person reads it. */
  readonly writtenAt: string;
}

/** Plain ASCII with line ends that every computer shows. */
export function readmeText(facts: PageFacts): string {
  return [
    `Medical images from ${facts.institution || "an X-ray system"} (${facts.device})`,
    "",
    `Written: ${facts.writtenAt}`,
    "",
    "This medium holds medical images in the DICOM format (file DICOMDIR and the folder DICOM).",
    "Open it with a DICOM viewer, or import it into an image archive by choosing the file DICOMDIR.",
    "INDEX.HTM opens in any web browser: it lists the content and shows previews. The previews are",
    "reduced and must not be used for diagnosis. No program on this medium starts by itself.",
    "",
    "The medium holds personal data of patients. Keep it safe, and erase or destroy it after use.",
    "",
    `[${OWN_MARK}]`,
    "",
  ]
    .join("\r\n")
    .replace(/[^\x20-\x7e\r\n]/g, "?");
}

/** The first page: what the file-set holds now, whoever wrote it, and the ways to the previews. */
export function indexPage(
  facts: PageFacts,
  directory: Directory,
  previewPages: readonly string[],
): string {
  const patients = directory.roots
    .filter((record) => record.type === "PATIENT" && record.inUse)
    .map((patient) => {
      const studies = patient.children
        .filter((study) => study.type === "STUDY" && study.inUse)
        .map((study) => {
          const of = (tag: number) => study.keys.string(tag) ?? "";
          const objects = study.children.reduce((sum, series) => sum + series.children.length, 0);
          const modalities = [
            ...new Set(study.children.map((s) => s.keys.string(Tag.Modality) ?? "")),
          ].join(" ");
          return `<li>${escapeMarkup(dateText(of(Tag.StudyDate)))} ${escapeMarkup(of(Tag.StudyDescription))} (${escapeMarkup(modalities)}, ${objects} objects)</li>`;
        });
      const { keys } = patient;
      return `<h3>${escapeMarkup(nameText(keys.string(Tag.PatientName) ?? ""))} (${escapeMarkup(keys.string(Tag.PatientID) ?? "")})</h3><ul>${studies.join("")}</ul>`;
    });
  const previews = previewPages.map(
    (name) => `<li><a href="${PAGES_FOLDER}/${name}">Previews ${escapeMarkup(name)}</a></li>`,
  );
  return page(
    "Medical images",
    `<p>${escapeMarkup(facts.institution)} &#8211; ${escapeMarkup(facts.device)} &#8211; ${escapeMarkup(facts.writtenAt)}</p>
<p>The images are in the DICOM format; open <a href="${DIRECTORY_NAME}">${DIRECTORY_NAME}</a> with a DICOM viewer. Previews are reduced and not for diagnosis. See <a href="${README}">${README}</a>.</p>
<h2>Content</h2>
${patients.join("\n")}
${previews.length === 0 ? "" : `<h2>Previews</h2><ul>${previews.join("")}</ul>`}`,
  );
}

export interface PreviewFile {
  readonly sopInstanceUid: string;
  /** Name of the picture, relative to the page. */
  readonly href: string;
}

/** The page of one export: its objects with their previews. */
export function previewPage(
  objects: readonly ExportObject[],
  placed: readonly PlacedObject[],
  previews: readonly PreviewFile[],
): string {
  const hrefs = new Map(previews.map((p) => [p.sopInstanceUid, p.href]));
  const ids = new Map(placed.map((p) => [p.sopInstanceUid, p.fileId]));
  const cells = objects.map((object) => {
    const { facts } = object;
    const href = hrefs.get(object.sopInstanceUid);
    const id = ids.get(object.sopInstanceUid);
    const title = `${nameText(facts.patientName)} ${facts.modality} ${facts.seriesNumber}/${facts.instanceNumber}`;
    const picture =
      href === undefined
        ? ""
        : `<img src="${href}" alt="${escapeMarkup(title)}" style="max-width:100%"/><br/>`;
    const file = id === undefined ? "" : `<a href="../${pathOf(id)}">${pathOf(id)}</a>`;
    return `<div style="display:inline-block;width:300px;margin:8px;vertical-align:top">${picture}${escapeMarkup(title)}<br/>${escapeMarkup(dateText(facts.studyDate))} ${escapeMarkup(facts.studyDescription)}<br/>${file}</div>`;
  });
  return page(
    "Previews",
    `<p><a href="../INDEX.HTM">Back</a>. Reduced pictures, not for diagnosis.</p>${cells.join("\n")}`,
  );
}

function page(title: string, body: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><head><meta http-equiv="Content-Type" content="text/html; charset=UTF-8"/><meta name="generator" content="${OWN_MARK}"/><title>${escapeMarkup(title)}</title></head>
<body style="font-family:sans-serif"><h1>${escapeMarkup(title)}</h1>
${body}
</body></html>
`;
}

/** "Doe^John=..." as a person writes it; ideographic groups behind. */
function nameText(name: string): string {
  return name
    .split("=")
    .map((group) => group.split("^").filter(Boolean).join(" "))
    .filter(Boolean)
    .join(" / ");
}

function dateText(date: string): string {
  return date.replace(/^(\d{4})(\d{2})(\d{2})$/, "$1-$2-$3");
}
