// Runs a piece of work, and waits also for what it leaves to be done behind an answer.

interface Behind {
  readonly afterAnswer: (work: () => Promise<void>) => void;
}

/** Since it waits, no more bodies are held than pieces of work. */
export async function withAllBehind<Ports extends Behind, Result>(
  ports: Ports,
  work: (ports: Ports) => Promise<Result>,
): Promise<Result> {
  const left: Promise<void>[] = [];
  const afterAnswer: Behind["afterAnswer"] = (behind) =>
    ports.afterAnswer(() => {
      const working = behind();
      // Who runs it counts its failure.
      left.push(working.catch(() => undefined));
      return working;
    });
  const result = await work({ ...ports, afterAnswer });
  while (left.length > 0) await Promise.all(left.splice(0));
  return result;
}
