import { Dispatcher } from "undici";

/** Sends nothing. */
export class FakePool extends Dispatcher {
  isClosed = false;

  override dispatch(): boolean {
    throw new Error("nothing is sent");
  }

  override async close(): Promise<void> {
    this.isClosed = true;
  }
}
