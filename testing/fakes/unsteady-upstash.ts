// The stand-in for Upstash whose purge journal fails as a test says, while the shared tier goes on.
import { FakeUpstash } from "./fake-upstash.ts";

export class UnsteadyUpstash extends FakeUpstash {
  /** `down`: no connection. `deaf`: does what it is asked, and its answer never comes. */
  journalMode: "works" | "down" | "deaf" = "works";
  /** What every answer of the journal waits for, once it has done its part. */
  beforeJournalAnswer: () => Promise<void> = () => Promise.resolve();

  /** What a command that stores a value waits for on its way to the database. */
  beforeStored: () => Promise<void> = () => Promise.resolve();

  /** How often the journal was read. */
  get journalReadCount(): number {
    return this.journalCommands.filter((name) => /^(?:X(?:REV)?RANGE|EVAL(?:_RO)?)$/.test(name))
      .length;
  }

  override async answer(path: string, body: unknown): Promise<Response> {
    if (/"set","[^"]*:d:/i.test(JSON.stringify(body))) await this.beforeStored();
    if (!/"x(?:add|range|revrange)"|:switch"/i.test(JSON.stringify(body))) {
      return super.answer(path, body);
    }
    if (this.journalMode === "down") throw new TypeError("No connection.");
    const answer = await super.answer(path, body);
    if (this.journalMode === "deaf") throw new TypeError("The connection was lost.");
    await this.beforeJournalAnswer();
    return answer;
  }
}
