"""Values: conversion of any Python value to bounded JSON, and the user's mask."""
