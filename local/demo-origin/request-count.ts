// Counts what the demo origin was asked and how many body bytes it gave out.

export interface RequestCount {
  total: number;
  /** By method and path without query, such as "GET /feed". */
  byRoute: Record<string, number>;
  /** Bodies as sent, after compression; no header fields, no chunk framing. */
  bodyBytes: number;
}

export interface RequestCounter {
  read: () => RequestCount;
  /** Bytes of answers still on their way are counted to the requests that follow. */
  reset: () => void;
  /** Counts a request on arrival. */
  count: (request: Request) => void;
  /** The same response, whose body bytes are counted as they are handed to the connection. */
  countBody: (response: Response) => Response;
}

export function createRequestCounter(): RequestCounter {
  let byRoute = new Map<string, number>();
  let total = 0;
  let bodyBytes = 0;
  return {
    read: () => ({ total, byRoute: Object.fromEntries(byRoute), bodyBytes }),
    reset() {
      byRoute = new Map();
      total = 0;
      bodyBytes = 0;
    },
    count(request) {
      const route = `${request.method} ${new URL(request.url).pathname}`;
      byRoute.set(route, (byRoute.get(route) ?? 0) + 1);
      total += 1;
    },
    countBody(response) {
      if (response.body === null) return response;
      const counted = countedStream(response.body, (chunkBytes) => (bodyBytes += chunkBytes));
      return new Response(counted, response);
    },
  };
}

function countedStream(
  body: ReadableStream<Uint8Array>,
  onChunk: (chunkBytes: number) => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const source: UnderlyingDefaultSource<Uint8Array> = {
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      onChunk(value.byteLength);
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  };
  // No reading ahead: a chunk that nobody asked for was not sent.
  return new ReadableStream(source, { highWaterMark: 0 });
}
