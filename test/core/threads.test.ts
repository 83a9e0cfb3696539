/** Threads that answer requests: in order, with their errors as they are, as many as have work. */
import { afterAll, describe, expect, it } from 'vitest';
import { InvariantError, UserError } from '../../src/core/errors.js';
import { createThreadPool, startThread, type ThreadOptions } from '../../src/core/threads.js';
import type { Asked } from './echo-worker.js';

const options = (opens: boolean): ThreadOptions<string, string> => ({
  module: './echo-worker',
  base: import.meta.url,
  data: { opens },
  what: 'the thread of a test',
  decode: () => {
    let decoded = 0;
    return (answer) => `${answer}/${++decoded}`;
  },
});

describe('a thread', () => {
  const thread = startThread<Asked, string, string>(options(true));
  afterAll(() => thread.stop());

  it('answers in order, what comes of it decoded by one and the same decoder', async () => {
    const answers = Promise.all([thread.ask('echo'), thread.ask('echo'), thread.ask('echo')]);
    expect(thread.busy()).toBe(3);
    expect(await answers).toEqual(['echo 1/1', 'echo 2/2', 'echo 3/3']);
    expect(thread.busy()).toBe(0);
  });

  it('refuses as it would in this thread, and goes on', async () => {
    const refused = await thread.ask('refuse').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UserError);
    expect(refused).toMatchObject({ problem: 'is wrong', place: { field: 'f' } });
    const broken = await thread.ask('break').catch((error: unknown) => error);
    expect(broken).toBeInstanceOf(InvariantError);
    expect(String(broken)).toContain('a defect');
    expect(await thread.ask('echo')).toBe('echo 6/4');
  });

  it('that ends by itself fails what waits and what comes', async () => {
    await expect(thread.ask('end')).rejects.toThrow('the thread of a test ended');
    await expect(thread.ask('echo')).rejects.toThrow('the thread of a test ended');
  });

  it('that cannot be opened says so to every request', async () => {
    const closed = startThread<Asked, string, string>(options(false));
    for (let i = 0; i < 2; i++)
      await expect(closed.ask('echo')).rejects.toMatchObject({ problem: 'cannot be opened' });
    await closed.stop();
  });
});

describe('a pool', () => {
  it('gives results in the order of the requests, whichever thread is done first', async () => {
    const pool = createThreadPool<Asked, string, string>(2, options(true));
    const answers = await pool.all([60, 1, 1, 1, 1, 1]);
    expect(answers.map((answer) => Number(answer.split(' ')[0]))).toEqual([60, 1, 1, 1, 1, 1]);
    await pool.stop();
  });
});
