// The upper layer state machine of PS3.8 §9.2 as a table: 13 states × 19 events. A pure function;
// the shell (upper-layer.ts) performs the effects it names.

export const STATES = [
  "Sta1",
  "Sta2",
  "Sta3",
  "Sta4",
  "Sta5",
  "Sta6",
  "Sta7",
  "Sta8",
  "Sta9",
  "Sta10",
  "Sta11",
  "Sta12",
  "Sta13",
] as const;
export type State = (typeof STATES)[number];

/** Table 9-10, first column. */
export const EVENTS = {
  Evt1: "A-ASSOCIATE request of the local user",
  Evt2: "transport connection open",
  Evt3: "A-ASSOCIATE-AC received",
  Evt4: "A-ASSOCIATE-RJ received",
  Evt5: "transport connection from a peer",
  Evt6: "A-ASSOCIATE-RQ received",
  Evt7: "the local user accepts",
  Evt8: "the local user rejects",
  Evt9: "the local user sends P-DATA",
  Evt10: "P-DATA-TF received",
  Evt11: "A-RELEASE request of the local user",
  Evt12: "A-RELEASE-RQ received",
  Evt13: "A-RELEASE-RP received",
  Evt14: "A-RELEASE response of the local user",
  Evt15: "A-ABORT request of the local user",
  Evt16: "A-ABORT received",
  Evt17: "transport connection closed",
  Evt18: "ARTIM expired",
  Evt19: "unrecognized or invalid PDU received",
} as const;
export type Event = keyof typeof EVENTS;

export type Effect =
  | "connect"
  | "close"
  | "start-artim"
  | "stop-artim"
  | "send-associate-rq"
  | "send-associate-ac"
  | "send-associate-rj"
  | "send-p-data"
  | "send-release-rq"
  | "send-release-rp"
  /** A-ABORT with the service user as source. */
  | "send-abort"
  /** A-ABORT with the service provider as source. */
  | "send-provider-abort"
  | "indicate-associate"
  | "confirm-accepted"
  | "confirm-rejected"
  | "indicate-p-data"
  | "indicate-release"
  | "indicate-release-collision"
  | "confirm-release"
  | "indicate-abort"
  | "indicate-provider-abort";

interface ActionRow {
  readonly effects: readonly Effect[];
  readonly next: State;
  /** Taken instead when the action's condition does not hold (AE-6, AR-8). */
  readonly otherwise?: { readonly effects: readonly Effect[]; readonly next: State };
}

/** Tables 9-6 to 9-9. */
export const ACTIONS = {
  "AE-1": { effects: ["connect"], next: "Sta4" },
  "AE-2": { effects: ["send-associate-rq"], next: "Sta5" },
  "AE-3": { effects: ["confirm-accepted"], next: "Sta6" },
  "AE-4": { effects: ["confirm-rejected", "close"], next: "Sta1" },
  "AE-5": { effects: ["start-artim"], next: "Sta2" },
  "AE-6": {
    effects: ["stop-artim", "indicate-associate"],
    next: "Sta3",
    // not acceptable to the service provider
    otherwise: { effects: ["stop-artim", "send-associate-rj", "start-artim"], next: "Sta13" },
  },
  "AE-7": { effects: ["send-associate-ac"], next: "Sta6" },
  "AE-8": { effects: ["send-associate-rj", "start-artim"], next: "Sta13" },
  "DT-1": { effects: ["send-p-data"], next: "Sta6" },
  "DT-2": { effects: ["indicate-p-data"], next: "Sta6" },
  "AR-1": { effects: ["send-release-rq"], next: "Sta7" },
  "AR-2": { effects: ["indicate-release"], next: "Sta8" },
  "AR-3": { effects: ["confirm-release", "close"], next: "Sta1" },
  "AR-4": { effects: ["send-release-rp", "start-artim"], next: "Sta13" },
  "AR-5": { effects: ["stop-artim"], next: "Sta1" },
  "AR-6": { effects: ["indicate-p-data"], next: "Sta7" },
  "AR-7": { effects: ["send-p-data"], next: "Sta8" },
  "AR-8": {
    // requestor of the association
    effects: ["indicate-release-collision"],
    next: "Sta9",
    otherwise: { effects: ["indicate-release-collision"], next: "Sta10" },
  },
  "AR-9": { effects: ["send-release-rp"], next: "Sta11" },
  "AR-10": { effects: ["confirm-release"], next: "Sta12" },
  "AA-1": { effects: ["send-abort", "start-artim"], next: "Sta13" },
  "AA-2": { effects: ["stop-artim", "close"], next: "Sta1" },
  "AA-3": { effects: ["indicate-abort", "close"], next: "Sta1" },
  "AA-4": { effects: ["indicate-provider-abort"], next: "Sta1" },
  "AA-5": { effects: ["stop-artim"], next: "Sta1" },
  "AA-6": { effects: [], next: "Sta13" },
  "AA-7": { effects: ["send-provider-abort"], next: "Sta13" },
  "AA-8": {
    effects: ["send-provider-abort", "indicate-provider-abort", "start-artim"],
    next: "Sta13",
  },
} as const satisfies Record<string, ActionRow>;
export type Action = keyof typeof ACTIONS;

/** Table 9-10, a row an event, a column a state; "" where the event cannot happen. */
// biome-ignore format: a table
const TABLE: Readonly<Record<Event, readonly (Action | "")[]>> = {
  //        Sta1    Sta2    Sta3    Sta4    Sta5    Sta6    Sta7    Sta8    Sta9    Sta10    Sta11   Sta12   Sta13
  Evt1:  ["AE-1", "",     "",     "",     "",     "",     "",     "",     "",     "",      "",     "",     ""    ],
  Evt2:  ["",     "",     "",     "AE-2", "",     "",     "",     "",     "",     "",      "",     "",     ""    ],
  Evt3:  ["",     "AA-1", "AA-8", "",     "AE-3", "AA-8", "AA-8", "AA-8", "AA-8", "AA-8",  "AA-8", "AA-8", "AA-6"],
  Evt4:  ["",     "AA-1", "AA-8", "",     "AE-4", "AA-8", "AA-8", "AA-8", "AA-8", "AA-8",  "AA-8", "AA-8", "AA-6"],
  Evt5:  ["AE-5", "",     "",     "",     "",     "",     "",     "",     "",     "",      "",     "",     ""    ],
  Evt6:  ["",     "AE-6", "AA-8", "",     "AA-8", "AA-8", "AA-8", "AA-8", "AA-8", "AA-8",  "AA-8", "AA-8", "AA-7"],
  Evt7:  ["",     "",     "AE-7", "",     "",     "",     "",     "",     "",     "",      "",     "",     ""    ],
  Evt8:  ["",     "",     "AE-8", "",     "",     "",     "",     "",     "",     "",      "",     "",     ""    ],
  Evt9:  ["",     "",     "",     "",     "",     "DT-1", "",     "AR-7", "",     "",      "",     "",     ""    ],
  Evt10: ["",     "AA-1", "AA-8", "",     "AA-8", "DT-2", "AR-6", "AA-8", "AA-8", "AA-8",  "AA-8", "AA-8", "AA-6"],
  Evt11: ["",     "",     "",     "",     "",     "AR-1", "",     "",     "",     "",      "",     "",     ""    ],
  Evt12: ["",     "AA-1", "AA-8", "",     "AA-8", "AR-2", "AR-8", "AA-8", "AA-8", "AA-8",  "AA-8", "AA-8", "AA-6"],
  Evt13: ["",     "AA-1", "AA-8", "",     "AA-8", "AA-8", "AR-3", "AA-8", "AA-8", "AR-10", "AR-3", "AA-8", "AA-6"],
  Evt14: ["",     "",     "",     "",     "",     "",     "",     "AR-4", "AR-9", "",      "",     "AR-4", ""    ],
  Evt15: ["",     "",     "AA-1", "AA-2", "AA-1", "AA-1", "AA-1", "AA-1", "AA-1", "AA-1",  "AA-1", "AA-1", ""    ],
  Evt16: ["",     "AA-2", "AA-3", "",     "AA-3", "AA-3", "AA-3", "AA-3", "AA-3", "AA-3",  "AA-3", "AA-3", "AA-2"],
  Evt17: ["",     "AA-5", "AA-4", "AA-4", "AA-4", "AA-4", "AA-4", "AA-4", "AA-4", "AA-4",  "AA-4", "AA-4", "AR-5"],
  Evt18: ["",     "AA-2", "",     "",     "",     "",     "",     "",     "",     "",      "",     "",     "AA-2"],
  Evt19: ["",     "AA-1", "AA-8", "",     "AA-8", "AA-8", "AA-8", "AA-8", "AA-8", "AA-8",  "AA-8", "AA-8", "AA-7"],
};

/** What the conditions of AE-6 and AR-8 ask for. */
export interface Facts {
  /** AR-8: this side requested the association. */
  readonly requestor: boolean;
  /** AE-6: the service provider has nothing against the request. */
  readonly acceptable: boolean;
}

export interface Transition {
  readonly action: Action;
  readonly next: State;
  readonly effects: readonly Effect[];
}

/** One step, or null where PS3.8 leaves the cell empty: the event cannot happen in that state. */
export function next(state: State, event: Event, facts: Facts): Transition | null {
  const action = TABLE[event][STATES.indexOf(state)] ?? "";
  if (action === "") return null;
  const row: ActionRow = ACTIONS[action];
  const holds = action === "AE-6" ? facts.acceptable : action === "AR-8" ? facts.requestor : true;
  const { effects, next } = holds ? row : (row.otherwise ?? row);
  return { action, next, effects };
}
