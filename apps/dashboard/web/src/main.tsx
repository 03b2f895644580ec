import { render } from 'preact';
import { App } from './app.js';
import { connect } from './store.js';
import './style.css';

render(<App />, document.getElementById('app') as HTMLElement);
void connect();
