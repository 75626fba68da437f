// Responses whose bodies are still arriving, for the contract of tiers.
import type {
  StoredMetadata,
  ArrivingResponse,
} from "../../../../src/pages/stored/stored-response.ts";
import { bytesOf } from "../../../../testing/examples/records.ts";

/** @param parts texts in their order. The body breaks off at an error */
export function arrivingResponse(
  metadata: StoredMetadata,
  parts: readonly (string | Error)[],
): { arriving: ArrivingResponse; hasEnded: () => boolean } {
  const left = [...parts];
  const completed = Promise.withResolvers<number | "cut">();
  let bodyBytes = 0;
  let isOver = false;
  const end = (how: number | "cut"): void => {
    isOver = true;
    completed.resolve(how);
  };
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const part = left.shift();
      if (part === undefined) {
        end(bodyBytes);
        controller.close();
      } else if (typeof part === "string") {
        const bytes = bytesOf(part);
        bodyBytes += bytes.byteLength;
        controller.enqueue(bytes);
      } else {
        end("cut");
        controller.error(part);
      }
    },
    cancel: () => end("cut"),
  });
  const arriving = { kind: "arriving", metadata, stream, completed: completed.promise } as const;
  return { arriving, hasEnded: () => isOver };
}
