/** A thread for tests: answers, refuses, breaks or ends as it is asked. */
import { exit } from 'node:process';
import { UserError } from '../../src/core/errors.js';
import { serveThread } from '../../src/core/thread.js';

export type Asked = 'echo' | 'refuse' | 'break' | 'end' | number;

serveThread<{ readonly opens: boolean }, Asked, string>(({ opens }) => {
  if (!opens) throw new UserError('cannot be opened', { file: 'x.h5', remedy: 'close it' });
  let served = 0;
  return async (asked) => {
    served += 1;
    if (asked === 'refuse') throw new UserError('is wrong', { field: 'f' });
    if (asked === 'break') throw new Error('a defect');
    if (asked === 'end') exit(0);
    if (typeof asked === 'number') await new Promise((resolve) => setTimeout(resolve, asked));
    return `${asked} ${served}`;
  };
});
