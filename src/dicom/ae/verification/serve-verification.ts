// C-ECHO as SCP: always answered with success.

import type { RequestHandler } from "../../dimse/message.ts";
import { STATUS } from "../../dimse/status.ts";

/** `onEcho` hears of every C-ECHO after it was answered; the peer's state is updated by it. */
export function serveVerification(onEcho: () => void = () => {}): RequestHandler<"C-ECHO-RQ"> {
  return (_request, reply) => ({
    async end() {
      await reply.respond({ status: STATUS.success });
      onEcho();
    },
  });
}
