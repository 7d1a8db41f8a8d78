// What peers ask of us on associations they open: verification always, and whatever further handlers
// the device has (commitment results, storage during a retrieve).

import type { Configuration } from "../config/configuration.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { serveVerification } from "../dicom/ae/verification/serve-verification.ts";
import { DimseChannel } from "../dicom/dimse/channel.ts";
import type { RequestHandlers } from "../dicom/dimse/message.ts";
import type { Association } from "../dicom/ul/association.ts";
import type { RemoteStates } from "./remotes/remote-states.ts";

export interface IncomingDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly configuration: () => Configuration;
  readonly states: RemoteStates;
  /** Handlers besides C-ECHO, made anew for each association. */
  readonly handlers: (association: Association) => RequestHandlers;
}

/** Serves one association that a peer opened, until the peer releases it. */
export function serveIncoming(deps: IncomingDependencies, association: Association): void {
  const echoed = () => {
    // The peer's state is kept up to date by its own C-ECHO.
    for (const remote of deps.configuration().remotes)
      if (remote.aeTitle === association.calling) deps.states.alive(remote.id);
  };
  new DimseChannel(association, {
    clock: deps.clock,
    log: deps.log,
    handlers: { ...deps.handlers(association), "C-ECHO-RQ": serveVerification(echoed) },
  });
}
