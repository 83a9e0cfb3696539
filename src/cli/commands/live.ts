/** `vetoc live`: a run's network on frames as they come from a detector's stream. */
import { availableParallelism } from 'node:os';
import { Option, type Command } from 'commander';
import { startLive, WHEN_FULL, type LiveRequest } from '../../index.js';
import { LIVE_HELP, liveEventText, liveText, seconds } from '../../text/index.js';
import { EXIT, reportError } from '../exit.js';
import { takeSignals } from '../interrupt.js';
import { addMapsOptions } from '../frame-arguments.js';
import { positiveOption, scoreOption, wholeOption } from '../option-values.js';

const complain = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

async function run(dir: string, options: LiveRequest & { readonly json?: boolean }): Promise<void> {
  const started = performance.now();
  const live = await startLive(dir, options, process.stdout, (event) => {
    const words = liveEventText(event);
    if (words !== null) complain(words);
  });
  const stop = (): void => {
    complain(
      'stopping: what was received is decided and delivered first; once more gives up on what is not taken',
    );
    live.stop();
  };
  const reload = (): void => {
    live.reload().then(
      () => {
        complain(
          `${dir}${options.maps === undefined ? '' : ` and ${options.maps}`} read again: it decides from now on`,
        );
      },
      (error: unknown) => {
        reportError(error);
        complain('the network that was there goes on');
      },
    );
  };
  const giveBack = takeSignals({ SIGINT: stop, SIGTERM: stop, SIGHUP: reload });
  try {
    const outcome = await live.done;
    complain(`${liveText(outcome)} (${seconds(performance.now() - started)})`);
    if (outcome.undelivered > 0) process.exitCode = EXIT.mayPass;
  } finally {
    giveBack();
  }
}

export function define(command: Command): void {
  const cores = availableParallelism();
  const positive = positiveOption;
  addMapsOptions(command)
    .option('--maps-age <days>', 'days from --maps to now at most (default: 7)')
    .argument('<run>', 'folder of a finished run')
    .requiredOption('--from <source>', 'where frames come from')
    .option('--to <sink...>', 'where decisions and kept frames go (default: decisions on stdout)', ['-'])
    .option('--canary <run>', 'a second run that sees the same frames: how often it differs is counted')
    .option(
      '--threshold <level>',
      'keeps scores from this up; the run’s unless given',
      scoreOption('--threshold'),
    )
    .option('--prescale <n>', 'keep one in so many misses', wholeOption('--prescale', 0, 2 ** 24), 0)
    .option(
      '--prescale-key <key>',
      'key of the hash that chooses them',
      wholeOption('--prescale-key', 0, 2 ** 32 - 1),
      0,
    )
    .option(
      '--deadline <ms>',
      'keep a frame that is not decided so long after its receipt',
      positive('--deadline'),
    )
    .option('--memory <MB>', 'frames that may wait', positive('--memory'), 512)
    .addOption(
      new Option('--when-full <what>', 'hold the source back, keep frames undecided, or drop them, counted')
        .choices(WHEN_FULL)
        .default('wait'),
    )
    .option('--mask <file>', 'mask file, not zero = live; bad:FILE for not zero = masked')
    .addOption(
      new Option('--overloads <how>', 'counts above the largest trusted one: shown as that count, or masked')
        .choices(['largest', 'mask'])
        .default('largest'),
    )
    .option(
      '--channel <name>',
      'the detector’s channel, or Karabo’s source, to decide on (default: the first)',
    )
    .option('--frames <n>', 'end after so many frames', wholeOption('--frames', 1, Number.MAX_SAFE_INTEGER))
    .option('--series <n>', 'end after so many series', wholeOption('--series', 1, Number.MAX_SAFE_INTEGER))
    .option('--idle <s>', 'a series ends where nothing comes for so long', positive('--idle'), 30)
    .option('--end-when-idle', 'and so does the command')
    .option(
      '--metrics <port>',
      'serve /metrics, /livez and /readyz on this machine',
      wholeOption('--metrics', 0, 65535),
    )
    .option('--view <port>', 'serve a page that shows what happens', wholeOption('--view', 0, 65535))
    .option('--processes <n>', 'processes that decide', wholeOption('--processes', 1, 256), cores)
    .addHelpText('after', LIVE_HELP)
    .action(run);
}
