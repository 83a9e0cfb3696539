/**
 * The one door to TensorFlow.js. Production mode is set before anything runs: tfjs prints advice to the console
 * otherwise, and checks every kernel for leaks.
 */
import * as tf from '@tensorflow/tfjs';

tf.enableProdMode();

export { tf };
