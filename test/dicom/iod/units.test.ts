// Quantities of the dose report carry their unit in the type: these lines are checked by the
// compiler, which must find the marked ones wrong.

import { expect, test } from "bun:test";
import { dcm, numeric, type TemplateRowHead } from "../../../src/dicom/iod/sr/template.ts";
import { dGyCm2FromGyM2, gy, gyM2, milliseconds, seconds } from "../../../src/model/units.ts";

const head: TemplateRowHead = {
  row: "1",
  level: 0,
  relationship: "CONTAINS",
  valueType: "NUM",
  concept: dcm("113722", "Dose Area Product Total"),
  vm: "1",
  presence: "ALWAYS",
  requirement: "M",
};

test("a row takes the quantity of its unit, and no other compiles", () => {
  const rows = [
    numeric(head, "Gy.m2", () => gyM2(1)),
    numeric(head, "Gy", () => gy(1)),
    numeric(head, "s", () => seconds(1)),
    // @ts-expect-error dose is not dose-area product
    numeric(head, "Gy.m2", () => gy(1)),
    // @ts-expect-error the image's unit is not the report's (R1)
    numeric(head, "Gy.m2", () => dGyCm2FromGyM2(gyM2(1))),
    // @ts-expect-error milliseconds are not seconds
    numeric(head, "s", () => milliseconds(1)),
    // @ts-expect-error a bare number has no unit
    numeric(head, "Gy", () => 1),
  ];
  expect(rows.map((row) => row.units.value)).toEqual([
    ...["Gy.m2", "Gy", "s"],
    ...["Gy.m2", "Gy.m2", "s", "Gy"],
  ]);
});
