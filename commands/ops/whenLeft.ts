import type { Session } from "../../host/ssh/session";
import { onUnread } from "./closedPipe";
import { onInterrupt } from "./onInterrupt";

/** Milliseconds that the host has to end what runs there. */
const goodbye = 5000;

/**
 * Has the host end what runs there once a person leaves: at Ctrl-C, SIGTERM and the end of the terminal, and when
 * nobody reads this process's output any more.
 *
 * @param session is closed where the host takes too long
 * @param end asks the host, once
 * @returns stops that
 */
export function whenLeft(session: Pick<Session, "close">, end: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const leave = (): void => {
    if (timer !== undefined) return;
    timer = setTimeout(() => {
      session.close();
    }, goodbye).unref();
    end();
  };
  const interruptAsUsual = onInterrupt(leave);
  const forget = onUnread(leave);
  return () => {
    interruptAsUsual();
    forget();
  };
}
