// Tells the operator when this isolate comes to send something else straight to the origin than before:
// as the switch was posted here, or as the journal brought it.
import type { Log } from "../../observe/log-line.ts";
import type { Bypass, SwitchState } from "./switch-state.ts";

/** One for each isolate. */
export class SwitchLog {
  readonly #log: Log;
  #told: Bypass = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param of who posted it, why, and in which trace, as it may stand in the log */
  posted(
    { bypass, position }: SwitchState,
    of: Readonly<Record<string, string | undefined>>,
  ): void {
    this.#told = bypass;
    const message = `The switch was posted here: ${inWords(bypass)}.`;
    const fields = { how: "posted", bypass: asField(bypass), position, ...of };
    this.#log({ event: "switch", level: "warn", message, ...fields });
  }

  /** @param state as the view has it after a read; `undefined`: nothing was ever posted */
  learnt(state: SwitchState | undefined): void {
    const { bypass = false, position } = state ?? {};
    if (JSON.stringify(bypass) === JSON.stringify(this.#told)) return;
    this.#told = bypass;
    const message = `This isolate has learnt of the switch: ${inWords(bypass)}.`;
    const fields = { how: "learnt", bypass: asField(bypass), position };
    this.#log({ event: "switch", level: "warn", message, ...fields });
  }
}

function asField(bypass: Bypass): string {
  if (typeof bypass === "boolean") return bypass ? "everything" : "nothing";
  return bypass.join(" ");
}

function inWords(bypass: Bypass): string {
  if (typeof bypass === "boolean") {
    return bypass ? "everything goes straight to the origin" : "nothing is bypassed";
  }
  return `these routes go straight to the origin: ${bypass.join(", ")}`;
}
