import { createRequire } from 'node:module';
import { defineConfig } from 'hardhat/config';
import hardhatEthers from '@nomicfoundation/hardhat-ethers';
import hardhatMocha from '@nomicfoundation/hardhat-mocha';
import hardhatEthersChaiMatchers from '@nomicfoundation/hardhat-ethers-chai-matchers';
import hardhatNetworkHelpers from '@nomicfoundation/hardhat-network-helpers';

const require = createRequire(import.meta.url);

// A coverage run compiles contracts with probes in them. They stay apart: what stands in artifacts gets deployed.
const coverage = process.argv.includes('--coverage') || process.env['HARDHAT_COVERAGE'] === 'true';
const output = coverage ? './coverage/build' : '.';

export default defineConfig({
  plugins: [hardhatEthers, hardhatMocha, hardhatEthersChaiMatchers, hardhatNetworkHelpers],
  solidity: {
    compilers: [
      {
        version: '0.8.37',
        // The compiler that npm installed: nothing is downloaded.
        path: require.resolve('solc/soljson.js'),
        settings: {
          // Every engine of docs/decisions runs London.
          evmVersion: 'london',
          optimizer: { enabled: true, runs: 10_000 },
          outputSelection: { '*': { '*': ['storageLayout'] } },
        },
      },
    ],
  },
  networks: {
    default: { type: 'edr-simulated', chainType: 'l1', hardfork: 'london' },
  },
  paths: {
    sources: './contracts',
    tests: { mocha: './test/contracts', solidity: './test/contracts' },
    artifacts: `${output}/artifacts`,
    cache: `${output}/cache`,
  },
  test: { mocha: { timeout: 120_000 }, solidity: { fuzz: { runs: 512 } } },
});
