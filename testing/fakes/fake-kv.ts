// A fake of Workers KV, by which a colo sees writes of other colos after a delay.
import type { KvNamespace } from "../../src/stores/kv/kv-tier.ts";
import type { FakeClock } from "./fake-clock.ts";

interface Version {
  readonly value: ArrayBuffer | null;
  readonly atMs: number;
  readonly untilAtMs: number;
  readonly by: object;
}

export class FakeKv {
  readonly #clock: FakeClock;
  readonly #versions = new Map<string, Version[]>();
  /** The key of each write, in order. */
  readonly puts: string[] = [];
  gets = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get keys(): string[] {
    return [...this.#versions.keys()];
  }

  /** All written values as one string. */
  get text(): string {
    const values = [...this.#versions.values()].flat().map(({ value }) => value ?? undefined);
    return values.map((value) => new TextDecoder().decode(value)).join("\n");
  }

  /** Returns the view of one colo: its own writes at once, those of others after the lag. */
  colo(lagMs = 0): KvNamespace & { readonly getWithMetadata: () => never } {
    const colo = {};
    const put = (key: string, value: ArrayBuffer | null, untilAtMs: number) => {
      const atMs = this.#clock.atMs;
      const versions = this.#versions.get(key) ?? [];
      this.#versions.set(key, [...versions, { value, atMs, untilAtMs, by: colo }]);
    };
    return {
      getWithMetadata: () => {
        throw new Error("The KV tier must not request metadata.");
      },
      get: async (key) => {
        this.gets += 1;
        const { atMs } = this.#clock;
        const seen = (this.#versions.get(key) ?? []).findLast(
          (version) => version.by === colo || version.atMs + lagMs <= atMs,
        );
        if (seen === undefined || seen.value === null || atMs >= seen.untilAtMs) return null;
        return new Blob([seen.value]).stream();
      },
      put: async (key, value, { expirationTtl }) => {
        if (expirationTtl < 60) throw new Error("KV PUT failed: 400 Invalid expiration_ttl");
        this.puts.push(key);
        put(key, value, this.#clock.atMs + expirationTtl * 1_000);
      },
      delete: async (key) => put(key, null, 0),
    };
  }
}
