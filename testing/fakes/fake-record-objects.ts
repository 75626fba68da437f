// A binding of a class of Durable Objects with any number of objects of records in this process.
import { TidemarkRecords } from "../../src/stores/durable-object/records-object.ts";
import { FakeObject } from "./fake-object.ts";

export class FakeRecordObjects {
  readonly #made = new Map<string, FakeObject<TidemarkRecords>>();

  /** The objects that calls have created, in the order of their first calls. */
  get all(): readonly FakeObject<TidemarkRecords>[] {
    return [...this.#made.values()];
  }

  readonly namespace = {
    idFromName: (name: string) => ({ toString: () => name }),
    get: (id: { toString(): string }) => {
      const name = id.toString();
      const known = this.#made.get(name) ?? new FakeObject((state) => new TidemarkRecords(state));
      this.#made.set(name, known);
      return known.stub;
    },
  };
}
