// Every cell of PS3.8 table 9-10, written down a second time, and every action of tables 9-6 to 9-9.

import { describe, expect, test } from "bun:test";
import {
  ACTIONS,
  type Action,
  type Effect,
  EVENTS,
  type Event,
  next,
  STATES,
  type State,
} from "../../../src/dicom/ul/state-machine.ts";

/** Per state: what each event leads to, as the columns of table 9-10 read from top to bottom. */
const COLUMNS: Record<State, string> = {
  Sta1: "Evt1:AE-1 Evt5:AE-5",
  Sta2: "Evt3:AA-1 Evt4:AA-1 Evt6:AE-6 Evt10:AA-1 Evt12:AA-1 Evt13:AA-1 Evt16:AA-2 Evt17:AA-5 Evt18:AA-2 Evt19:AA-1",
  Sta3: "Evt3:AA-8 Evt4:AA-8 Evt6:AA-8 Evt7:AE-7 Evt8:AE-8 Evt10:AA-8 Evt12:AA-8 Evt13:AA-8 Evt15:AA-1 Evt16:AA-3 Evt17:AA-4 Evt19:AA-8",
  Sta4: "Evt2:AE-2 Evt15:AA-2 Evt17:AA-4",
  Sta5: "Evt3:AE-3 Evt4:AE-4 Evt6:AA-8 Evt10:AA-8 Evt12:AA-8 Evt13:AA-8 Evt15:AA-1 Evt16:AA-3 Evt17:AA-4 Evt19:AA-8",
  Sta6: "Evt3:AA-8 Evt4:AA-8 Evt6:AA-8 Evt9:DT-1 Evt10:DT-2 Evt11:AR-1 Evt12:AR-2 Evt13:AA-8 Evt15:AA-1 Evt16:AA-3 Evt17:AA-4 Evt19:AA-8",
  Sta7: "Evt3:AA-8 Evt4:AA-8 Evt6:AA-8 Evt10:AR-6 Evt12:AR-8 Evt13:AR-3 Evt15:AA-1 Evt16:AA-3 Evt17:AA-4 Evt19:AA-8",
  Sta8: "Evt3:AA-8 Evt4:AA-8 Evt6:AA-8 Evt9:AR-7 Evt10:AA-8 Evt12:AA-8 Evt13:AA-8 Evt14:AR-4 Evt15:AA-1 Evt16:AA-3 Evt17:AA-4 Evt19:AA-8",
  Sta9: "Evt3:AA-8 Evt4:AA-8 Evt6:AA-8 Evt10:AA-8 Evt12:AA-8 Evt13:AA-8 Evt14:AR-9 Evt15:AA-1 Evt16:AA-3 Evt17:AA-4 Evt19:AA-8",
  Sta10:
    "Evt3:AA-8 Evt4:AA-8 Evt6:AA-8 Evt10:AA-8 Evt12:AA-8 Evt13:AR-10 Evt15:AA-1 Evt16:AA-3 Evt17:AA-4 Evt19:AA-8",
  Sta11:
    "Evt3:AA-8 Evt4:AA-8 Evt6:AA-8 Evt10:AA-8 Evt12:AA-8 Evt13:AR-3 Evt15:AA-1 Evt16:AA-3 Evt17:AA-4 Evt19:AA-8",
  Sta12:
    "Evt3:AA-8 Evt4:AA-8 Evt6:AA-8 Evt10:AA-8 Evt12:AA-8 Evt13:AA-8 Evt14:AR-4 Evt15:AA-1 Evt16:AA-3 Evt17:AA-4 Evt19:AA-8",
  Sta13:
    "Evt3:AA-6 Evt4:AA-6 Evt6:AA-7 Evt10:AA-6 Evt12:AA-6 Evt13:AA-6 Evt16:AA-2 Evt17:AR-5 Evt18:AA-2 Evt19:AA-7",
};

/** Next state and effects of every action; the second line where a condition fails. */
const STEPS: [Action, State, string, (State | "")?, string?][] = [
  ["AE-1", "Sta4", "connect"],
  ["AE-2", "Sta5", "send-associate-rq"],
  ["AE-3", "Sta6", "confirm-accepted"],
  ["AE-4", "Sta1", "confirm-rejected close"],
  ["AE-5", "Sta2", "start-artim"],
  [
    "AE-6",
    "Sta3",
    "stop-artim indicate-associate",
    "Sta13",
    "stop-artim send-associate-rj start-artim",
  ],
  ["AE-7", "Sta6", "send-associate-ac"],
  ["AE-8", "Sta13", "send-associate-rj start-artim"],
  ["DT-1", "Sta6", "send-p-data"],
  ["DT-2", "Sta6", "indicate-p-data"],
  ["AR-1", "Sta7", "send-release-rq"],
  ["AR-2", "Sta8", "indicate-release"],
  ["AR-3", "Sta1", "confirm-release close"],
  ["AR-4", "Sta13", "send-release-rp start-artim"],
  ["AR-5", "Sta1", "stop-artim"],
  ["AR-6", "Sta7", "indicate-p-data"],
  ["AR-7", "Sta8", "send-p-data"],
  ["AR-8", "Sta9", "indicate-release-collision", "Sta10", "indicate-release-collision"],
  ["AR-9", "Sta11", "send-release-rp"],
  ["AR-10", "Sta12", "confirm-release"],
  ["AA-1", "Sta13", "send-abort start-artim"],
  ["AA-2", "Sta1", "stop-artim close"],
  ["AA-3", "Sta1", "indicate-abort close"],
  ["AA-4", "Sta1", "indicate-provider-abort"],
  ["AA-5", "Sta1", "stop-artim"],
  ["AA-6", "Sta13", ""],
  ["AA-7", "Sta13", "send-provider-abort"],
  ["AA-8", "Sta13", "send-provider-abort indicate-provider-abort start-artim"],
];

const YES = { requestor: true, acceptable: true };
const NO = { requestor: false, acceptable: false };
const events = Object.keys(EVENTS) as Event[];

test("there are 13 states, 19 events and 28 actions", () => {
  expect(STATES.length * events.length).toBe(247);
  expect(STEPS.map(([action]) => action)).toEqual(Object.keys(ACTIONS) as Action[]);
});

for (const state of STATES)
  describe(`in ${state}`, () => {
    const column = new Map(COLUMNS[state].split(" ").map((c) => c.split(":") as [string, string]));
    for (const event of events) {
      const action = column.get(event);
      test(`${event} ${action === undefined ? "cannot happen" : `does ${action}`}`, () => {
        for (const [facts, first] of [
          [YES, true],
          [NO, false],
        ] as const) {
          const step = next(state, event, facts);
          if (action === undefined) {
            expect(step).toBeNull();
            continue;
          }
          const row = STEPS.find(([name]) => name === action);
          const conditional = row?.[3] !== undefined && !first;
          const state_ = (conditional ? row?.[3] : row?.[1]) as State;
          const effects = ((conditional ? row?.[4] : row?.[2]) ?? "").split(" ").filter(Boolean);
          expect(step).toEqual({
            action: action as Action,
            next: state_,
            effects: effects as Effect[],
          });
        }
      });
    }
  });
