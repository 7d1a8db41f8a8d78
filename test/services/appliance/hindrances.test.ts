import { expect, test } from "bun:test";
import {
  hindrance,
  type MachineAction,
  type Occupation,
} from "../../../src/services/appliance/hindrances.ts";

const ACTIONS: readonly MachineAction[] = [
  "restart",
  "power-off",
  "update",
  "factory-reset",
  "network",
  "backup",
];
const NO_JOBS = { send: 0, print: 0, export: 0, retrieve: 0 };
const IDLE: Occupation = {
  ending: null,
  update: "none",
  isExposing: false,
  openExams: 0,
  calibration: "none",
  activeJobs: NO_JOBS,
  arrivingObjects: 0,
  backup: null,
  unsaved: () => ({ studies: 0, instances: 0, stepMessages: 0 }),
};
const at = (change: Partial<Occupation>): Occupation => ({ ...IDLE, ...change });
const job = (type: keyof typeof NO_JOBS) => at({ activeJobs: { ...NO_JOBS, [type]: 1 } });
const unsaved = (studies: number, instances: number, stepMessages = 0) =>
  at({ unsaved: () => ({ studies, instances, stepMessages }) });

/** What each action does: + goes on, ! is refused unless forced, X is refused always. */
function verdicts(now: Occupation): string {
  return ACTIONS.map((action) => {
    if (hindrance(action, false, now) === null) return "+";
    return hindrance(action, true, now) === null ? "!" : "X";
  }).join(" ");
}

// restart, power-off, update, factory reset, network, backup
const CASES: readonly (readonly [string, Occupation, string])[] = [
  ["nothing goes on", IDLE, "+ + + + + +"],
  ["it ends already", at({ ending: "restarts" }), "X X X X X X"],
  ["an update is written", at({ update: "writing" }), "X X X X + X"],
  ["an update is received", at({ update: "receiving" }), "! ! X ! + X"],
  ["an update is checked", at({ update: "checking" }), "! ! X ! + X"],
  ["the beam is on", at({ isExposing: true }), "! ! ! ! ! !"],
  ["an exam is open", at({ openExams: 1 }), "! ! ! ! ! !"],
  ["the panel is calibrated", at({ calibration: "measuring" }), "! ! ! ! ! !"],
  ["a calibration waits to be accepted", at({ calibration: "to-accept" }), "! ! + ! + !"],
  ["a stick is written", job("export"), "! ! ! ! + !"],
  ["a film is printed", job("print"), "! ! + ! ! !"],
  ["images are sent", job("send"), "+ ! + ! + +"],
  ["images are fetched", job("retrieve"), "+ ! + ! + !"],
  ["an image arrives", at({ arrivingObjects: 1 }), "! ! + ! + !"],
  ["a backup is made", at({ backup: "A backup is made." }), "! ! ! ! + +"],
  ["images are nowhere else", unsaved(1, 2), "+ + + ! + +"],
  ["the database cannot be read", at({ unsaved: () => null }), "+ + + ! + +"],
  ["the scheduler was not told", unsaved(0, 0, 1), "+ + + ! + +"],
];

for (const [name, now, expected] of CASES)
  test(`${name}: ${expected}`, () => {
    expect(verdicts(now)).toBe(expected);
  });

test("a reset says how much it would destroy", () => {
  expect(hindrance("factory-reset", false, unsaved(1, 1))).toBe(
    "1 study with 1 image or report is on this device alone. Send it to an archive and wait for its confirmation, or export it, before the device is reset.",
  );
  expect(hindrance("factory-reset", false, unsaved(3, 12, 2))).toBe(
    "3 studies with 12 images and reports are on this device alone. Send them to an archive and wait for its confirmation, or export them, before the device is reset. 2 messages about performed steps have not reached the scheduler.",
  );
});

test("every reason is told at once, so that nobody forces one and loses another", () => {
  const text = hindrance("factory-reset", false, { ...unsaved(2, 5), openExams: 1 }) ?? "";
  expect(text).toContain("An exam is open");
  expect(text).toContain("2 studies with 5 images and reports");
});

test("only a reset asks the database what would be lost", () => {
  let asked = 0;
  const now = at({
    unsaved: () => {
      asked++;
      return { studies: 1, instances: 1, stepMessages: 0 };
    },
  });
  for (const action of ACTIONS) hindrance(action, false, now);
  hindrance("factory-reset", true, now);
  expect(asked).toBe(1);
});
