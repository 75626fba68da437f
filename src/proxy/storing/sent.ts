// What storing hands back to whoever asked the origin: the answer at once, the end of the stores later.
import type { Handling } from "../../http/cache-status.ts";
import { Flight } from "../../cache/flights.ts";
import type { ForwardFlight, ForwardOutcome } from "../reuse/forward-outcome.ts";
import type { Answer, Need } from "../reuse/need.ts";
import type { Fresh } from "./fill.ts";
import * as before from "./send-and-store.ts";
import type { Fill } from "./store.ts";

/** An answer that is on its way to its client, and the stores that go on behind it. */
export interface Sent {
  readonly answer: Answer;
  /** Settles once nothing is left to be stored. Never rejects. */
  readonly done: Promise<void>;
}

/**
 * Tells those who wait for the same what they get: as soon as the response is stored whole, or it is
 * clear that there is nothing to share. Only the first word counts.
 */
export type Tell = (outcome: ForwardOutcome) => void;

/** Sends an answer on, and stores it where it may be stored. */
export function sendAndStore(fresh: Fresh, need: Need, tell: Tell): Sent {
  return told(tell, (flight) => before.sendAndStore(fresh, need, flight));
}

/** Sends a body on that is stored on the way. */
export function sendAndStoreBody(
  sent: Pick<Fill, "metadata" | "source" | "isValidated">,
  need: Need,
  tell: Tell,
  handling: Handling,
): Sent {
  return told(tell, (flight) => before.sendAndStoreBody(sent, need, flight, handling));
}

function told(tell: Tell, send: (flight: ForwardFlight) => Answer): Sent {
  const flight: ForwardFlight = new Flight(0);
  const settle = flight.settle.bind(flight);
  flight.settle = (outcome) => {
    settle(outcome);
    tell(outcome);
  };
  const answer = send(flight);
  return { answer, done: flight.ended };
}
