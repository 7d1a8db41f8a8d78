// The event stream of the device into the kiosk's signals; comes back by itself after a restart.

import type { DeviceEvent } from "../api/contract.ts";
import { apiPath, ProblemAnswer, read } from "./client.ts";
import { calibration } from "./parts/calibration-card.tsx";
import {
  acquisition,
  appliance,
  backup,
  configuration,
  health,
  keepExam,
  keepJob,
  link,
  media,
  readAll,
  studiesVersion,
  worklist,
} from "./state.ts";

/** A stream that the server refused is tried again after this time. */
const RETRY_MS = 1_500;

const HANDLED = {
  acquisition: (data) => {
    acquisition.value = data;
  },
  health: (data) => {
    health.value = data;
    acquisition.value = data.acquisition;
  },
  exam: (data) => {
    keepExam(data);
    studiesVersion.value += 1;
  },
  instance: () => {
    studiesVersion.value += 1;
  },
  study: () => {
    studiesVersion.value += 1;
  },
  "study-deleted": () => {
    studiesVersion.value += 1;
  },
  job: keepJob,
  worklist: (data) => {
    worklist.value = data;
  },
  configuration: () => {
    read<NonNullable<typeof configuration.value>>(apiPath("config")).then(
      (fresh) => {
        configuration.value = fresh;
      },
      () => {},
    );
  },
  media: (data) => {
    media.value = data;
  },
  calibration: (data) => {
    calibration.value = data;
  },
  appliance: (data) => {
    if (appliance.value !== null) appliance.value = { ...appliance.value, update: data };
  },
  backup: (data) => {
    backup.value = data;
  },
} satisfies {
  [K in DeviceEvent["type"]]: (data: Extract<DeviceEvent, { type: K }>["data"]) => void;
};

/** Follows the device for as long as the page lives. */
export function followDevice(): void {
  let changes = 0;
  let reading = false;
  let ended = false;
  const source = new EventSource(apiPath("events"));

  /** What the tube does is not known while the device is away, so no lamp may claim it. */
  const away = () => {
    acquisition.value = { state: "idle" };
    if (link.value === "up") link.value = "down";
  };
  /** Begins anew with another stream, once. */
  const again = () => {
    if (ended) return;
    ended = true;
    source.close();
    away();
    setTimeout(followDevice, RETRY_MS);
  };
  const readAnew = async () => {
    // Who reads already reads once more, because this counts as a change.
    changes += 1;
    if (reading) return;
    reading = true;
    try {
      await readAll(() => changes);
      if (!ended) link.value = "up";
    } catch (error) {
      if (!(error instanceof ProblemAnswer)) throw error;
      again();
    } finally {
      reading = false;
    }
  };

  source.addEventListener("hello", () => void readAnew());
  source.addEventListener("reset", () => void readAnew());
  for (const [type, handle] of Object.entries(HANDLED))
    source.addEventListener(type, (event) => {
      changes += 1;
      (handle as (data: unknown) => void)(JSON.parse(event.data));
    });
  source.onerror = () => {
    // A stream that was cut comes back by itself; one that was refused does not.
    if (source.readyState === EventSource.CLOSED) again();
    else away();
  };
}
