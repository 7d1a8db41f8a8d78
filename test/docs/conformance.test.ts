import { expect, test } from "bun:test";
import { join } from "node:path";
import { conformanceStatement } from "../../script/conformance.ts";

test("the printed conformance statement is what the tables in the code say", async () => {
  const printed = await Bun.file(
    join(import.meta.dir, "..", "..", "docs", "conformance.md"),
  ).text();
  expect(printed).toBe(await conformanceStatement());
});
