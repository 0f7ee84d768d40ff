import { createRequire } from 'node:module';
import { defineConfig } from 'hardhat/config';
import hardhatEthers from '@nomicfoundation/hardhat-ethers';
import hardhatMocha from '@nomicfoundation/hardhat-mocha';
import hardhatEthersChaiMatchers from '@nomicfoundation/hardhat-ethers-chai-matchers';
import hardhatNetworkHelpers from '@nomicfoundation/hardhat-network-helpers';

const require = createRequire(import.meta.url);

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
  paths: { sources: './contracts', tests: { mocha: './test/contracts', solidity: './test/contracts' } },
  test: { mocha: { timeout: 120_000 } },
});
