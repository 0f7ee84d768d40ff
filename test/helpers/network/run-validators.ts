// Starts two validators in a folder, tells their process ids in one line of JSON, and stays: for a test that kills it.
import { startValidators } from './consortium-on-validators.ts';

const [data = ''] = process.argv.slice(2);
const { validators } = await startValidators(data, 2);
process.stdout.write(`${JSON.stringify(validators.map(({ pid }) => pid))}\n`);
