// One connection that speaks JSON by lines (QEMU's QMP and the guest agent).

import { createConnection } from "node:net";

export type Message = Readonly<Record<string, unknown>>;

/** The other side went away or stayed silent. */
export class SocketError extends Error {
  override readonly name = "SocketError";
}

export interface JsonLineSocket {
  send(message: Message): void;
  /** Raw bytes ahead of a message, for a peer that must be brought into step. */
  sendByte(byte: number): void;
  /** The next message that fits; others are given to `onOther`. */
  receive(fits: (message: Message) => boolean, timeoutMs: number): Promise<Message>;
  /** Drops what came and nobody waited for. */
  forget(): void;
  close(): void;
}

interface Waiting {
  readonly fits: (message: Message) => boolean;
  readonly answer: (message: Message) => void;
  readonly fail: (error: Error) => void;
}

export function openJsonLines(
  path: string,
  onOther: (message: Message) => void = () => {},
): Promise<JsonLineSocket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    const waiting = new Set<Waiting>();
    const kept: Message[] = [];
    let text = "";
    const failAll = (error: Error) => {
      for (const one of waiting) one.fail(error);
      waiting.clear();
    };
    const take = (message: Message) => {
      for (const one of waiting)
        if (one.fits(message)) {
          waiting.delete(one);
          one.answer(message);
          return;
        }
      kept.push(message);
      onOther(message);
    };
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      text += chunk;
      for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
        // 0xFF is the guest agent's mark that what came before is void.
        const line = text.slice(0, end).split("\u00ff").at(-1) ?? "";
        text = text.slice(end + 1);
        const message = parsed(line);
        if (message !== null) take(message);
      }
    });
    socket.on("error", (error) => {
      reject(error);
      failAll(new SocketError(`${path}: ${error.message}`));
    });
    socket.on("close", () => failAll(new SocketError(`${path} was closed`)));
    socket.on("connect", () =>
      resolve({
        send: (message) => void socket.write(`${JSON.stringify(message)}\n`),
        sendByte: (byte) => void socket.write(Buffer.of(byte)),
        receive(fits, timeoutMs) {
          const at = kept.findIndex(fits);
          const early = at < 0 ? undefined : kept.splice(at, 1)[0];
          if (early !== undefined) return Promise.resolve(early);
          return new Promise((answer, fail) => {
            const one: Waiting = {
              fits,
              answer: (message) => {
                clearTimeout(timer);
                answer(message);
              },
              fail: (error) => {
                clearTimeout(timer);
                fail(error);
              },
            };
            const timer = setTimeout(() => {
              waiting.delete(one);
              fail(new SocketError(`${path}: no answer within ${timeoutMs / 1000} s`));
            }, timeoutMs);
            waiting.add(one);
          });
        },
        forget: () => void kept.splice(0),
        close: () => socket.destroy(),
      }),
    );
  });
}

function parsed(line: string): Message | null {
  try {
    return JSON.parse(Buffer.from(line, "latin1").toString("utf8")) as Message;
  } catch {
    return null;
  }
}
