// dicom3tools' validator, and what it may find in our objects.

import { run } from "./write-object.ts";

/** The only findings a validator may have: attributes the statement wants and PS3.3 does not (any more). */
const ALLOWED_WARNINGS: readonly {
  readonly id: string;
  readonly text: RegExp;
  readonly in: readonly string[];
}[] = [
  { id: "E62", text: /OtherPatientIDs\(0010,1000\)> - (Retired|Attribute is not present)/, in: [] },
  { id: "E63", text: /RequestingService\(0032,1033\)> - Attribute is not present/, in: [] },
  {
    id: "E71",
    text: /Rescale(Intercept|Slope|Type)\(0028,105[234]\)> - Attribute is not present/,
    in: ["XA", "RF"],
  },
];

/** Errors of a file, and warnings beyond those three. */
export function findings(path: string, iod: string): readonly string[] {
  const { out, err } = run("dciodvfy", "-new", path);
  const lines = `${out}${err}`.split("\n").filter((line) => /^(Error|Warning)/.test(line));
  return lines.filter(
    (line) =>
      !ALLOWED_WARNINGS.some((w) => w.text.test(line) && (w.in.length === 0 || w.in.includes(iod))),
  );
}
