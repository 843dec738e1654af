/** One world for one test, closed whatever happens. */
import { test } from 'bun:test';
import { createRig, createWorld, type Rig, type RigOptions, type World } from './rig.ts';

/** A test with a world of its own and a first engine in it. */
export function worldTest(
  name: string,
  options: RigOptions,
  body: (world: World, rig: Rig) => Promise<void>,
): void {
  test(name, async () => {
    const world = createWorld();
    try {
      await body(world, createRig(world, options));
    } finally {
      await world.close();
    }
  });
}

/** Appends wait until the returned function is called. */
export function holdAppends(world: World): () => void {
  let release: () => void = () => undefined;
  world.store.held = new Promise((done) => {
    release = done;
  });
  return () => {
    world.store.held = null;
    release();
  };
}
