// Exports of `tidemark/envelop`: a namespace of data as the response cache of Envelop and GraphQL Yoga. The file
// imports no package. Entities become tags. Each operation has a cache of its own, which has the start of its load.
import { OperatorError } from "../base/operator-error.ts";
import type { DataCache } from "../data/create-data-cache.ts";
import type { GivenStart } from "../data/load/make-record.ts";
import type { Namespace } from "../data/namespace.ts";
import { copyOf } from "../data/value/frozen.ts";
import { segmentOf, tagsOf } from "./library-key.ts";

/** An entity of a result: a type, or one object of this type. */
export interface GraphqlEntity {
  readonly typename: string;
  readonly id?: string | number;
}

/** The cache of one operation. */
export interface OperationCache {
  // oxlint-disable-next-line typescript/no-explicit-any -- a result of any operation
  get(id: string): Promise<any>;
  set(id: string, data: object, entities: Iterable<GraphqlEntity>, ttl: number): Promise<void>;
  invalidate(entities: Iterable<GraphqlEntity>): Promise<void>;
}

/** The option `cache` of the plugin: a function, and for GraphQL Yoga also a cache. */
export type ResponseCache = ((context?: unknown) => OperationCache) & OperationCache;

export interface ResponseCacheOptions {
  readonly data: Pick<DataCache, "purge">;
  readonly namespace: Namespace<object>;
  /** Receives the errors of purges and stores, because the plugin does not wait for them. */
  readonly onError: (error: unknown) => void;
  /** Receives purges and stores. On Workers, the runtime may cut them off otherwise. */
  readonly waitUntil?: ((work: Promise<void>) => void) | undefined;
}

/** The limit of `ttl`: a year. */
const ttlMsMax = 31_536_000_000;

/**
 * Returns a cache for the plugin. `fresh` of the namespace is the lifetime of results without a `ttl`. `stale` does
 * not apply, because the plugin cannot refresh a result behind an answer.
 *
 * @example
 * const namespace = data.namespace<object>("graphql", { fresh: "1d" });
 * const cache = responseCache({ data, namespace, onError: console.error });
 * const plugin = useResponseCache({ session: () => null, cache });
 */
export function responseCache({
  data,
  namespace,
  onError,
  waitUntil,
}: ResponseCacheOptions): ResponseCache {
  const behind = (run: () => Promise<unknown>): Promise<void> => {
    const work = run().then(() => undefined, onError);
    waitUntil?.(work);
    return work;
  };
  const opened = (starts: Map<string, GivenStart> | undefined): OperationCache => ({
    async get(id) {
      const { value, startAfter } = await namespace.lookUp([segmentOf(id)]);
      // The first start of a context covers the loads after all its lookups.
      if (starts !== undefined && !starts.has(id)) starts.set(id, startAfter);
      // A copy, because plugins may change a result in place.
      return copyOf(value);
    },
    set(id, result, entities, ttl) {
      return behind(async () => {
        const start = starts?.get(id);
        if (start === undefined) throw unknownStart();
        const fresh = Number.isFinite(ttl) ? Math.min(ttl, ttlMsMax) : undefined;
        const tags = [...entities].flatMap((entity) => [entity.typename, tagOf(entity)]);
        const options = { fresh, stale: 0, tags: tagsOf(tags), start, everywhere: false };
        await namespace.set([segmentOf(id)], result, options);
      });
    },
    invalidate(entities) {
      return behind(() => data.purge({ tags: tagsOf(Array.from(entities, tagOf)) }));
    },
  });
  return Object.assign(() => opened(new Map()), opened(undefined));
}

function tagOf({ typename, id }: GraphqlEntity): string {
  return id === undefined ? typename : `${typename}:${id}`;
}

function unknownStart(): OperatorError {
  return new OperatorError({
    what: "A result is not stored.",
    why: "It was set in another context than it was looked up, so the start of its load is unknown.",
    hint: "Pass the whole result of responseCache() as the option cache of @envelop/response-cache 9.",
  });
}
