// A reporter of vitest. In CI a skipped test fails the run, unless its name says that it needs a thing which CI cannot
// have: a machine with a GPU, the shared test data where no copy lies beside the checkout,
// DIALS, which takes 1.5 GiB, or a disk of its own, which a container may forbid.
const CANNOT_HAVE = /\((?:needs|no)[^)]*(?:\.\.\/shared|GPU|CUDA|TensorRT|DIALS|to be mounted)/i;

export default class Skips {
  onTestRunEnd(modules) {
    const skipped = modules.flatMap((module) =>
      [...module.children.allTests()].filter((test) => test.result().state === 'skipped'),
    );
    const unexplained = skipped.filter((test) => !CANNOT_HAVE.test(test.fullName));
    if (skipped.length > 0)
      console.log(`${skipped.length} tests skipped, ${unexplained.length} without a reason that CI accepts`);
    if (process.env.CI !== 'true' || unexplained.length === 0) return;
    for (const test of unexplained)
      console.error(`skipped: ${test.module.relativeModuleId} > ${test.fullName}`);
    process.exitCode = 1;
  }
}
