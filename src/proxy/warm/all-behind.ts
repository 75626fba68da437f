// Runs a piece of work, and waits also for what it leaves to be done behind an answer.
import type { Context } from "../site/exchange.ts";

/** Since it waits, no more bodies are held than pieces of work. */
export async function withAllBehind<Result>(
  context: Context,
  work: (context: Context) => Promise<Result>,
): Promise<Result> {
  const left: Promise<void>[] = [];
  const afterAnswer: Context["afterAnswer"] = (behind) =>
    context.afterAnswer(() => {
      const working = behind();
      // Who runs it counts its failure.
      left.push(working.catch(() => undefined));
      return working;
    });
  const result = await work({ ...context, afterAnswer });
  while (left.length > 0) await Promise.all(left.splice(0));
  return result;
}
