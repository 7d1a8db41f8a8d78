// A stop waited for the life check's association with a server that did not answer, longer than the
// program has for a stop.

import { expect, test } from "bun:test";
import { parseConfiguration } from "../../src/config/configuration.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { LifeCheck } from "../../src/services/remotes/life-check.ts";
import { RemoteStates } from "../../src/services/remotes/remote-states.ts";
import { negotiationProbe } from "../../src/services/verification.ts";
import { SimNetwork } from "../sim/network.ts";

/** A life check that is asking a server: not reached, or reached and silent. */
async function asking(server: "away" | "mute") {
  const clock = new SimulatedClock();
  const network = new SimNetwork({ clock, latencyMs: 1 });
  const archive = network.host("archive");
  await archive.listen({ host: "", port: 104 }, () => {});
  if (server === "away") archive.state = "silent";
  const parsed = parseConfiguration({
    remotes: [{ id: "archive", aeTitle: "ARCHIVE", host: "archive", port: 104 }],
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const configuration = () => parsed.configuration;
  const states = new RemoteStates(clock);
  const dial = network.host("device").dial;
  const probe = negotiationProbe({ dial, clock, log: silentLog, configuration });
  const check = new LifeCheck(clock, states, configuration, probe);
  check.start();
  await clock.advance(1_000);
  return { clock, states, check };
}

for (const server of ["away", "mute"] as const)
  test(`a stop breaks off the life check of a server that is ${server}`, async () => {
    const { clock, states, check } = await asking(server);
    let stopped = false;
    const stopping = check.stop().then(() => {
      stopped = true;
    });
    await clock.advance(10);
    expect(stopped).toBe(true);
    await stopping;
    // It was not the server that gave up.
    expect(states.get("archive")).toBeUndefined();
  });
