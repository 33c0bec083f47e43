/** Who holds a port that is to be an instance's, and what to do about it. */
import { describeHolder, remedyFor } from "../core/port-trouble.ts";
import { findPortHolder } from "../process/port-holder.ts";

export interface PortNeed {
  /** Of the instance. */
  readonly name: string;
  readonly port: number;
}

export interface ExplainedPort {
  readonly held: string;
  readonly remedy: string;
}

export async function explainPort({ name, port }: PortNeed): Promise<ExplainedPort> {
  const holder = await findPortHolder(port);
  const held = `port ${port} of ${name} is held by ${describeHolder(holder, port)}`;
  return { held, remedy: remedyFor(holder, port) };
}
