// Starts the front door of the stage that the tests use, and stops it at the end.
import { frontDoorConfig, ROOT } from './stack.ts';

export default async function setup(): Promise<() => Promise<void>> {
  const { start } = (await import(`${ROOT}/local/front-door/front-door.mjs`)) as { start(config: unknown): Promise<{ close(done: () => void): void; closeAllConnections(): void }> };
  const server = await start(frontDoorConfig());
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}
