/** The memory store keeps the contract. */
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import { storeContract } from '../contract/store-contract.ts';

storeContract('memory store', createMemoryStore);
