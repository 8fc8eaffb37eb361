//! The command as people and scripts use it: what it prints, and how it exits.

mod agent;
mod config;
mod doctor;
mod help;
mod local;
mod ngrok;
mod parts;
mod program;
mod readme;
mod refusals;
mod report;
mod run;
mod up;
mod usage;
mod world;
