"""Playbook + findings + the state looked up now -> Plan: real targets, guards, limits, hashes. Changes nothing."""
