import { expect, test } from "bun:test";
import { AssertionError, unreachable } from "../../src/core/assert.ts";
import { foreign, withoutForeign } from "../../src/core/foreign-words.ts";
import { jsonLog, type LogFields } from "../../src/core/log.ts";

const NAME = "Marker^Mary";

function logged(work: (log: ReturnType<typeof jsonLog>) => void): string {
  const lines: string[] = [];
  work(
    jsonLog(
      (line) => lines.push(line),
      () => 0,
    ),
  );
  return lines.join("\n");
}

test("a line has time, level, event and the fields that a line may have", () => {
  const line = logged((log) => log.with({ peer: "192.0.2.1" }).info("sent", { instances: 3 }));
  expect(JSON.parse(line)).toEqual({
    time: "1970-01-01T00:00:00.000Z",
    level: "info",
    event: "sent",
    peer: "192.0.2.1",
    instances: 3,
  });
});

test("fields that no line may have do not get into one, whatever was handed on", () => {
  const exam = { examId: "exam-1", patientName: NAME, patient: { name: NAME } };
  const line = logged((log) => {
    log.warn("image-lost", exam);
    log.with(exam).error("image-lost");
  });
  expect(line).toContain("exam-1");
  expect(line).not.toContain(NAME);
});

test("what others said is left out of texts, lists and errors with their causes", () => {
  const said = `A700 out of resources: ${foreign(`no room for ${NAME}`)}; tried again`;
  const line = logged((log) => {
    log.warn("job-waits", { reason: said, strangers: [said] });
    log.error("job-defect", { error: new Error(said, { cause: new Error(said) }) });
    // Cut somewhere on its way.
    log.warn("job-waits", { reason: said.slice(0, said.indexOf(NAME) + NAME.length) });
  });
  expect(line).toContain("A700 out of resources: “…”; tried again");
  expect(line).not.toContain(NAME);
});

test("a UID of a peer that is none is not shown", () => {
  const line = logged((log) =>
    log.warn("instance-not-asked-for", { sopInstanceUid: NAME, strangers: ["1.2.3", NAME] }),
  );
  expect(JSON.parse(line)).toMatchObject({
    sopInstanceUid: "no UID",
    strangers: ["1.2.3", "no UID"],
  });
});

test("things of unknown content are named, not shown", () => {
  const patient = { name: NAME };
  const line = logged((log) => {
    log.error("job-defect", { error: patient });
    log.error("job-defect", { error: new Error("failed", { cause: patient }) });
    log.error("job-defect", { text: patient } as unknown as LogFields);
  });
  expect(line).not.toContain(NAME);
  expect(line.split("\n")).toHaveLength(3);
});

test("others cannot end their own quotation", () => {
  expect(withoutForeign(`x ${foreign(`a” ${NAME} “b`)} y`)).toBe("x “…” y");
});

test("an impossible state tells its tag, not its content", () => {
  const fail = (value: unknown) => () => unreachable(value as never);
  expect(fail({ kind: "strange", patientName: NAME })).toThrow(
    new AssertionError("unreachable: strange"),
  );
  expect(fail("strange")).toThrow("unreachable: strange");
  expect(fail({ patientName: NAME })).toThrow("unreachable: object");
  expect(fail(undefined)).toThrow("unreachable: undefined");
});
